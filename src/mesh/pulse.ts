// Owns what spares beats among peers of one host: our pulse, and the pulses of others, by which
// their links count as heard. Never closes a link: silence is judged by liveness.

import type { Clock } from '../base/clock.ts'
import type { Pulses } from '../discovery/pulses.ts'
import { Kind } from '../wire/record.ts'
import type { Link, Remote } from './remote.ts'

/** After so many without a pulse its peer is asked to beat by the link. */
const MISSED = 1.5
/** So many pulses stand for beats; the next goes by the link, too, which may have forgotten us. */
const PULSES_PER_WORD = 30

const seen = Buffer.from([1])
const unseen = Buffer.from([0])

export class Pulse {
  readonly #pulses: Pulses | undefined
  readonly #clock: Clock
  #beats = false
  #count = 0

  /** @param pulses none: every link beats for itself */
  constructor(pulses: Pulses | undefined, clock: Clock) {
    this.#pulses = pulses
    this.#clock = clock
  }

  /** Ours. */
  beat(): void {
    this.#beats = this.#pulses?.beat() === true
    this.#count++
  }

  /** Must our beat go by the link? */
  needs(link: Link): boolean {
    return !link.isSeen || !this.#beats || this.#count % PULSES_PER_WORD === 0
  }

  /**
   * Looks whether a peer of this host has beaten; its links are heard then.
   * @param beatMs between two of its beats
   */
  feel(remote: Remote, now: number, beatMs: number): void {
    if (!this.#pulses || now - remote.feltMs < beatMs) return
    if (!remote.links.some(({ withinHost }) => withinHost)) return
    const before = remote.pulse
    const last = this.#pulses.last(remote.id)
    if (last !== undefined && last !== before) {
      remote.pulse = last
      // By a file that was there before us nobody is alive.
      if (before !== undefined) this.#heard(remote, now, last, beatMs)
    } else if (last === undefined || now - remote.feltMs > beatMs * MISSED) {
      remote.pulse = last
      remote.feltMs = now
      for (const link of remote.links) tell(link, false)
    }
  }

  #heard(remote: Remote, now: number, last: number, beatMs: number): void {
    const ageMs = this.#clock.wallMs() - last
    // The clock may have been set meanwhile.
    const atMs = ageMs >= 0 && ageMs <= beatMs ? now - ageMs : now
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

/** Whether its beats may stay away. */
function tell(link: Link, isSeen: boolean): void {
  if (link.sees === isSeen) return
  link.sees = isSeen
  link.outbound.control(Kind.beat, isSeen ? seen : unseen)
}
