// Owns what spares beats among peers of one host: our pulse, and the pulses of others, by which
// their links count as heard. Never closes a link: silence is judged by liveness.

import type { Clock } from '../base/clock.ts'
import type { Limits } from '../base/limits.ts'
import type { Pulses } from '../discovery/pulses.ts'
import { Kind } from '../wire/record.ts'
import type { Link, Remote } from './remote.ts'

/** After so many beats without a pulse its peer is asked to beat by the link. */
const MISSED = 1.5
/** Once in so long a beat goes by the link all the same: the other side may have forgotten it. */
const WORD_MS = 30_000

const seen = Buffer.from([1])
const unseen = Buffer.from([0])

export class Pulse {
  readonly #pulses: Pulses | undefined
  readonly #clock: Clock
  readonly #beatsPerWord: number
  #beats = false
  #count = 0

  /** @param pulses none: every link beats for itself */
  constructor(pulses: Pulses | undefined, clock: Clock, { heartbeatMs }: Limits) {
    this.#pulses = pulses
    this.#clock = clock
    this.#beatsPerWord = Math.max(1, Math.round(WORD_MS / heartbeatMs))
  }

  /** Ours. */
  beat(): void {
    this.#beats = this.#pulses?.beat() === true
    this.#count++
  }

  /** Must our beat go by the link? */
  needs(link: Link): boolean {
    return !link.isSeen || !this.#beats || this.#count % this.#beatsPerWord === 0
  }

  /**
   * Looks whether a peer of this host has beaten, if it is time; its links are heard then.
   * @param beatMs between two of its beats
   */
  feel(remote: Remote, now: number, beatMs: number): void {
    if (!this.#pulses || now - remote.feltMs < beatMs) return
    if (!remote.links.some(({ withinHost }) => withinHost)) return
    const before = remote.pulse
    const last = this.#pulses.last(remote.id)
    remote.pulse = last
    // By a file that was there before us nobody is alive.
    if (last !== undefined && before !== undefined && last !== before) {
      this.#heard(remote, now, last)
    } else if (now - remote.feltMs > beatMs * MISSED) {
      for (const link of remote.links) tell(link, false)
    }
  }

  #heard(remote: Remote, now: number, last: number): void {
    const ageMs = this.#clock.wallMs() - last
    // It came after the one before, unless the clock was set meanwhile.
    const atMs = ageMs >= 0 && ageMs <= now - remote.feltMs ? now - ageMs : now
    remote.feltMs = atMs
    for (const link of remote.links) {
      if (!link.withinHost) continue
      tell(link, true)
      link.lastHeardMs = Math.max(link.lastHeardMs, atMs)
      link.rhythm.beat(atMs)
    }
  }

  close(): void {
    this.#pulses?.close()
  }
}

/**
 * A beat came by a link.
 * @param word 1: our pulse is seen there, 0: it is not; below 0 nothing is said of it
 */
export function beaten(link: Link, word: number, now: number, { heartbeatMs }: Limits): void {
  if (!link.sees) link.rhythm.beat(link.lastHeardMs)
  if (!link.withinHost || word < 0) return
  link.isSeen = word > 0
  // Who looked for our pulse in vain takes us for silent soon; who asks on and on gets no more.
  if (link.isSeen || now - link.answeredMs < heartbeatMs) return
  link.answeredMs = now
  link.outbound.control(Kind.beat)
}

/** Whether the beats of the other side may stay away. */
function tell(link: Link, isSeen: boolean): void {
  if (link.sees === isSeen) return
  link.sees = isSeen
  link.outbound.control(Kind.beat, isSeen ? seen : unseen)
}
