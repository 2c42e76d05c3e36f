// Owns what is known of a channel that is heard: who listens, of whom, which number comes next.
// Never does anything: ears and subscriptions do.

import type { BodyReader } from '../codec/resolve.ts'
import type { VersionRange } from '../contract/version-range.ts'
import type { AskedEvent } from './asked-event.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Remote } from './remote.ts'

/** One subscriber of a channel. */
export interface Listener {
  /** Takes one event, and says to `asked` when it is through. Must not throw. */
  deliver(
    body: unknown,
    heard: Heard,
    headers: Readonly<Record<string, string>> | undefined,
    asked: AskedEvent | undefined,
  ): void
  /** So many messages of this publisher were lost on the way. */
  gap(count: number, from: Remote): void
  /** Nothing follows: the peer is closed. */
  end(): void
}

/** What somebody here listens to: a channel, or one key of it. */
export interface HeardChannel {
  readonly local: LocalChannel
  readonly key: string | undefined
  /** Of publishers in these versions; none: any of the major version. */
  readonly range: VersionRange | undefined
  readonly listeners: Set<Listener>
}

/** Where one channel of one publisher was left. */
export interface Absence {
  /** The number that came next. */
  readonly expected: number
  /** Lost before, and not yet told to the publisher. */
  readonly untold: number
  /** Who heard it then: what was missed is nothing to those who came later. */
  readonly listeners: WeakSet<Listener>
}

/** One channel, or one key of it, of one publisher in one codec. */
export interface Heard {
  readonly from: Remote
  readonly channel: HeardChannel
  /** What was subscribed to, and what frames of it begin with. */
  readonly prefix: Buffer
  /** Of the version in which the publisher writes. */
  codec: BodyReader
  /** The number that comes next; −1 until the first is known. */
  expected: number
  /** Lost on the way and not yet told to the publisher. */
  untold: number
  /** Set while the next gap is about the time that the publisher was lost: who heard it before. */
  heardBefore: WeakSet<Listener> | undefined
  /** Set once, when the publisher has confirmed. */
  readonly confirmed: Promise<void>
}
