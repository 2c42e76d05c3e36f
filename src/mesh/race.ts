// Owns the race of one peer's endpoints: side by side, the best with a head start, losers closed.
// Never dials again: whoever wants the peer decides what a lost race means.
// Source: RFC 8305, 5 (happy eyeballs).

import type { Clock, Timer } from '../base/clock.ts'

/** A dial in the same network is over by then, or its address leads nowhere. */
const HEAD_START_MS = 50

/**
 * Tries one endpoint until the hello is done, or `signal` aborts it. Never rejects.
 * @param opened somebody is there: the hello is a matter of time
 */
export type Attempt = (
  endpoint: string,
  signal: AbortSignal,
  opened: () => void,
) => Promise<boolean>

/** How many attempts there may be at once, whoever they are for. */
export class Slots {
  readonly #most: number
  /** Of races that have begun. */
  readonly #begun: (() => void)[] = []
  /** Of those that have not, by who told of them: each in turn has one of his. */
  readonly #told = new Map<string, (() => void)[]>()
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  /**
   * Runs now or later; `goesOn` before those who have not begun.
   * @param tellers who has told of it: the one of whose others the fewest wait gives his turn
   */
  take(run: () => void, goesOn: boolean, tellers: readonly string[] = []): void {
    if (this.#taken < this.#most) {
      this.#taken++
      run()
    } else if (goesOn) this.#begun.push(run)
    else this.#waiting(tellers).push(run)
  }

  give(): void {
    const next = this.#begun.shift() ?? this.#nextTold()
    if (next) next()
    else this.#taken--
  }

  #waiting(tellers: readonly string[]): (() => void)[] {
    const count = (teller: string) => this.#told.get(teller)?.length ?? 0
    const [first = ''] = [...tellers].sort((a, b) => count(a) - count(b))
    const waiting = this.#told.get(first) ?? []
    this.#told.set(first, waiting)
    return waiting
  }

  #nextTold(): (() => void) | undefined {
    for (const [teller, waiting] of this.#told) {
      const next = waiting.shift()
      // Behind the others, until his turn comes again.
      this.#told.delete(teller)
      if (waiting.length > 0) this.#told.set(teller, waiting)
      if (next) return next
    }
    return undefined
  }
}

export interface RaceParts {
  readonly clock: Clock
  readonly slots: Slots
  /** Best first. */
  readonly endpoints: readonly string[]
  /** Who told of them. */
  readonly tellers?: readonly string[] | undefined
  readonly attempt: Attempt
  /** False: nothing more is begun; what is under way comes to its end. */
  readonly goesOn: () => boolean
}

/** True when one endpoint has answered; the others are given up then. Never rejects. */
export function race(parts: RaceParts): Promise<boolean> {
  return new Promise((resolve) => {
    new Race(parts, resolve).next()
  })
}

class Race {
  readonly #parts: RaceParts
  readonly #end: (reached: boolean) => void
  readonly #running = new Set<AbortController>()
  /**
   * Those where somebody is there. On a busy host a hello takes longer than a head start, and who
   * dials the same peer twice for that makes the host busier.
   */
  readonly #opened = new Set<AbortController>()
  #begun = 0
  #isWaiting = false
  #isOver = false
  #timer: Timer | undefined

  constructor(parts: RaceParts, end: (reached: boolean) => void) {
    this.#parts = parts
    this.#end = end
  }

  next(): void {
    if (this.#isOver || this.#isWaiting || this.#opened.size > 0) return
    this.#timer?.cancel()
    if (this.#hasMore()) {
      this.#isWaiting = true
      const { slots, tellers } = this.#parts
      slots.take(() => this.#start(), this.#begun > 0, tellers)
    } else if (this.#running.size === 0) this.#finish(false)
  }

  #hasMore(): boolean {
    return this.#begun < this.#parts.endpoints.length && this.#parts.goesOn()
  }

  #start(): void {
    this.#isWaiting = false
    const { clock, slots, endpoints } = this.#parts
    const endpoint = endpoints[this.#begun]
    if (this.#isOver || endpoint === undefined || !this.#hasMore()) {
      slots.give()
      this.next()
      return
    }
    this.#begun++
    void this.#try(endpoint)
    if (this.#begun < endpoints.length) {
      // What a busy loop has not read yet may say that somebody is there.
      const begun = this.#begun
      const goOn = () =>
        clock.afterTurn(() => {
          // Or it was refused meanwhile, and the next has a head start of its own.
          if (this.#begun === begun) this.next()
        })
      this.#timer = clock.after(HEAD_START_MS, goOn, true)
    }
  }

  async #try(endpoint: string): Promise<void> {
    const control = new AbortController()
    this.#running.add(control)
    // On a busy host this may be told after the attempt has come to its end: that is no word of it.
    const opened = () => {
      if (this.#running.has(control)) this.#opened.add(control)
    }
    const reached = await this.#parts.attempt(endpoint, control.signal, opened)
    this.#running.delete(control)
    this.#opened.delete(control)
    if (reached) this.#finish(true)
    this.#parts.slots.give()
    // Refused at once: the next need not wait for the head start to be over.
    this.next()
  }

  #finish(reached: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    this.#end(reached)
    for (const loser of this.#running) loser.abort()
  }
}
