// Owns the heartbeat: says that we live, looks at how long each link has been silent, and suspects.
// Never closes a link and never takes a peer for down: it tells membership.

import type { Clock, Timer } from '../base/clock.ts'
import type { Limits } from '../base/limits.ts'
import type { Pulses } from '../discovery/pulses.ts'
import { Kind } from '../wire/record.ts'
import { Pulse } from './pulse.ts'
import type { Link, Remote } from './remote.ts'

export interface LivenessParts {
  readonly clock: Clock
  readonly limits: Limits
  /** None: every link beats for itself. */
  readonly pulses?: Pulses | undefined
  readonly remotes: () => Iterable<Remote>
  /** Links that wait for the next word of who dialled them. */
  readonly greeted: () => Iterable<Link>
  /** Once a heartbeat. */
  readonly beat: () => void
  /** Nothing has come by this link for longer than a peer that lives is silent. */
  readonly silent: (link: Link) => void
  /** A peer is suspected from now on, or no longer. */
  readonly suspects: (remote: Remote) => void
}

/** However slowly a peer says it beats, after three of these it is silent. */
const SLOWEST_BEAT_MS = 60_000
/** Looks for silent peers per heartbeat. */
const LOOKS_PER_BEAT = 4

export class Liveness {
  readonly #parts: LivenessParts
  readonly #periodMs: number
  readonly #mostMs: number
  readonly #pulse: Pulse
  #timers: Timer[] = []
  #lastLookMs = 0

  constructor(parts: LivenessParts) {
    this.#parts = parts
    this.#pulse = new Pulse(parts.pulses, parts.clock, parts.limits)
    this.#mostMs = parts.limits.heartbeatMs * parts.limits.heartbeatMisses
    this.#periodMs = parts.limits.heartbeatMs / LOOKS_PER_BEAT
  }

  start(): void {
    const { clock, limits } = this.#parts
    this.#lastLookMs = clock.nowMs()
    this.#timers = [
      clock.every(limits.heartbeatMs, () => this.#beat(), true),
      clock.every(this.#periodMs, () => this.#look(), true),
    ]
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#pulse.close()
  }

  #beat(): void {
    this.#parts.beat()
    this.#pulse.beat()
    for (const remote of this.#parts.remotes()) {
      remote.forgive()
      for (const link of remote.links) {
        if (this.#pulse.needs(link)) link.outbound.control(Kind.beat)
        link.rest()
      }
    }
  }

  #look(): void {
    const { clock } = this.#parts
    const now = clock.nowMs()
    // It was our own loop that stood still: what they sent meanwhile is still unread. That time
    // counts for nobody's silence, and nobody is judged before the next look.
    const stoodMs = now - this.#lastLookMs - this.#periodMs
    const late = stoodMs > this.#periodMs
    this.#lastLookMs = now
    for (const link of this.#parts.greeted()) {
      if (late) excuse(link, now, stoodMs)
      else if (now - link.lastHeardMs > this.#mostMs) this.#parts.silent(link)
    }
    for (const remote of [...this.#parts.remotes()]) {
      if (!late) this.#judge(remote, now)
      else {
        remote.feltMs = Math.min(now, remote.feltMs + stoodMs)
        for (const link of remote.links) excuse(link, now, stoodMs)
      }
    }
  }

  #judge(remote: Remote, now: number): void {
    const { limits } = this.#parts
    // Who beats more slowly says so in its hello.
    const beatMs = Math.max(limits.heartbeatMs, Math.min(remote.hello.heartbeatMs, SLOWEST_BEAT_MS))
    const mostMs = beatMs * limits.heartbeatMisses
    this.#pulse.feel(remote, now, beatMs)
    let heard: Link | undefined
    for (const link of [...remote.links]) {
      const silentForMs = now - link.lastHeardMs
      link.givenUpAfterMs = link.rhythm.silentMs(beatMs, mostMs)
      if (silentForMs > link.givenUpAfterMs) this.#parts.silent(link)
      else if (silentForMs <= link.rhythm.suspectMs(beatMs, mostMs)) heard ??= link
    }
    // One that is silent while another is heard may be cut where only the other side sees it.
    if (heard) remote.prefer(heard)
    const suspected = heard === undefined
    // Without a link it is being dialled anew, which ends in a moment.
    if (remote.down || remote.links.length === 0 || remote.suspected === suspected) return
    remote.suspected = suspected
    this.#parts.suspects(remote)
  }
}

function excuse(link: Link, now: number, stoodMs: number): void {
  link.lastHeardMs = Math.min(now, link.lastHeardMs + stoodMs)
  link.rhythm.skip()
}
