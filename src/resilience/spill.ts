// Owns how many calls pass over a peer that refuses some of them, while others further away could
// have them: it goes on getting what it takes, and a little more, so that it is seen to recover.
// Never chooses who the others are. Hot path: one that refuses nothing costs a comparison.
// Source: "Handling Overload" in Site Reliability Engineering (2016), client-side throttling.

/** Of the calls that it takes, so many are sent there: the rest may be refused. */
const SENT_SHARE = 1.1
/** And so many more, by which it is soon found out that it takes all again. */
const SENT_ALSO = 8
/** What was counted is halved so often. */
const FADE_MS = 1_000
/** Less is none. */
const LEAST = 0.5

export class Spill {
  #wanted = 0
  #refused = 0
  #passed = 0
  /** The share that is to pass, summed up: each whole is one call. */
  #due = 0
  #fadedMs = 0

  /** It has not taken a call, since it has too much to do. */
  refused(nowMs: number): void {
    this.#fade(nowMs)
    this.#refused++
    // Those that were under way before the first was refused were not counted.
    this.#wanted = Math.max(this.#wanted, this.#refused + this.#passed)
  }

  /** A call would go there: should another have it? */
  passesOver(nowMs: number): boolean {
    if (this.#refused === 0) return false
    this.#fade(nowMs)
    if (this.#refused === 0) return false
    this.#wanted++
    const taken = this.#wanted - this.#refused - this.#passed
    const sent = SENT_SHARE * taken + SENT_ALSO
    this.#due += Math.max(0, this.#wanted - sent) / (this.#wanted + 1)
    if (this.#due < 1) return false
    this.#due--
    this.#passed++
    return true
  }

  #fade(nowMs: number): void {
    const times = Math.floor((nowMs - this.#fadedMs) / FADE_MS)
    if (times <= 0) return
    this.#fadedMs = nowMs
    const kept = 0.5 ** times
    this.#refused *= kept
    this.#wanted *= kept
    this.#passed *= kept
    if (this.#refused < LEAST) this.#refused = this.#wanted = this.#passed = this.#due = 0
  }
}
