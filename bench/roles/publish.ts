// Owns the role of a publisher at full rate: as fast as `send` and `ready()` let it.
// Told to begin, to stop, and to publish single events afterwards, so that every gap shows.

import type { CodecName, Publisher } from 'earshot'
import { valuesOf } from '../codecs/values.ts'
import { type Answers, playRole } from '../process/role.ts'
import { Suite } from './contract.ts'
import { joinMeeting, type Meeting } from './meeting.ts'
import { rssMiB } from './rss.ts'

export interface PublishJob extends Meeting {
  readonly channel: 'sample' | 'tick'
  /** Bytes of a sample. */
  readonly size?: number
  readonly codecs?: readonly CodecName[]
}

export interface Published {
  readonly published: number
  readonly atMs: number
  readonly rssMiB: number
  /** Subscriptions in force. */
  readonly listeners: number
}

const PER_ROUND = 100
const ROUNDS_A_TURN = 20
const LISTENED_WITHIN_MS = 20_000

class Flow {
  readonly #out: Publisher<never>
  readonly #bodies: readonly never[]
  #published = 0
  #ended: Promise<void> = Promise.resolve()
  #stopping = false

  constructor(out: Publisher<never>, bodies: readonly unknown[]) {
    this.#out = out
    this.#bodies = bodies as never[]
  }

  /** Begins once so many subscriptions are in force. */
  async begin(listeners: number): Promise<void> {
    const endMs = performance.now() + LISTENED_WITHIN_MS
    while (this.#out.listeners < listeners) {
      if (performance.now() > endMs) throw new Error(`${this.#out.listeners} of ${listeners} hear`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.#stopping = false
    this.#ended = this.#run()
  }

  async stop(): Promise<Published> {
    this.#stopping = true
    await this.#ended
    return this.mark()
  }

  /** One event more: what was lost before it shows as a gap. */
  async one(): Promise<Published> {
    this.#out.send(this.#bodies[0] as never)
    this.#published++
    return this.mark()
  }

  mark(): Published {
    const published = this.#published
    const { listeners } = this.#out
    return { published, atMs: performance.now(), rssMiB: rssMiB(), listeners }
  }

  async #run(): Promise<void> {
    const { length } = this.#bodies
    let at = 0
    for (let round = 1; !this.#stopping; round++) {
      for (let left = PER_ROUND; left > 0; left--) {
        this.#published++
        if (!this.#out.send(this.#bodies[at] as never)) await this.#out.ready()
        at = at + 1 === length ? 0 : at + 1
      }
      if (round % ROUNDS_A_TURN === 0) await new Promise(setImmediate)
    }
  }
}

await playRole<PublishJob>(
  async ({ channel, size = 100, codecs, ...meeting }): Promise<Answers> => {
    const peer = await joinMeeting(meeting, 'publisher', codecs)
    const bodies = channel === 'tick' ? valuesOf('tick') : [new Uint8Array(size).fill(120)]
    const out = channel === 'tick' ? peer.publisher(Suite.tick) : peer.publisher(Suite.sample)
    const flow = new Flow(out as Publisher<never>, bodies)
    return {
      inbox: () => peer.endpoints.inbox[0],
      begin: (listeners: number) => flow.begin(listeners),
      mark: () => flow.mark(),
      stop: () => flow.stop(),
      one: () => flow.one(),
      end: () => peer.close(),
    }
  },
)
