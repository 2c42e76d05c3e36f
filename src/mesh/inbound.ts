// Owns the walk over what arrives: one frame, its records, each to the handler of its kind.
// Hot path: one walker for all links, no views. Never trusts a byte: what is bad is counted and
// dropped.

import { reportFault } from '../base/diagnostics.ts'
import { dropOldest } from '../base/drop-oldest.ts'
import { isEarshotError, textOf } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import {
  FIRST_CREDITED_KIND,
  FRAME_HEAD_BYTES,
  FRAME_MAGIC,
  KIND_MASK,
  Kind,
  PROTOCOL_VERSION,
  RecordWalker,
} from '../wire/record.ts'
import type { Counters } from './counters.ts'
import type { Link } from './remote.ts'

/**
 * Takes one record. False: its bytes are still in use, and the handler calls `link.release(bytes)`
 * with `record.size` when they no longer are. May throw EARSHOT_BYTES_INVALID.
 */
export type RecordHandler = (link: Link, record: RecordWalker) => boolean

const MAGIC = FRAME_MAGIC
const KINDS = KIND_MASK + 1

export class Inbound {
  readonly #handlers: (RecordHandler | undefined)[] = new Array(KINDS).fill(undefined)
  readonly #walker = new RecordWalker()
  readonly #limits: Limits
  readonly #counters: Counters
  readonly #nowMs: () => number
  /** The first word behind a welcome. False: nobody was welcomed on this link. */
  onFirstWord: (link: Link) => boolean = () => false
  /** Who speaks has said no hello on this link, or it was forgotten here. */
  onStranger: (link: Link) => void = () => undefined
  /** Connections of links that were in use and are over; those that ended first stand first. */
  readonly #over = new Map<string, true>()
  /**
   * Of the frame that is being walked: bytes still in use, and whether it counts against credit.
   */
  #heldBytes = 0
  #credited = false

  constructor(limits: Limits, counters: Counters, nowMs: () => number) {
    this.#limits = limits
    this.#counters = counters
    this.#nowMs = nowMs
  }

  on(kind: number, handler: RecordHandler): void {
    this.#handlers[kind] = handler
  }

  receive(link: Link, frame: Buffer): void {
    this.#counters.framesIn++
    link.counts.framesIn++
    link.counts.bytesIn += frame.length
    if (frame[0] !== MAGIC || frame[1] !== PROTOCOL_VERSION) {
      this.bad(link, 'a frame of another protocol')
      return
    }
    link.lastHeardMs = this.#nowMs()
    const walker = this.#walker
    walker.open(frame, FRAME_HEAD_BYTES)
    // A bad record is dropped alone: the walk goes on behind it.
    this.#heldBytes = 0
    this.#credited = false
    for (let walking = true; walking; ) {
      try {
        this.#walk(link, walker)
        walking = false
      } catch (error) {
        this.bad(link, textOf(error))
        if (!isEarshotError(error)) reportBug(error)
      }
    }
    if (walker.malformed) this.bad(link, 'a record that breaks off')
    if (this.#credited) this.#account(link, frame.length)
  }

  /** It was in use: what is still on its way to us by its connection is late, and no fault. */
  ended({ frames: { cameBy } }: Link): void {
    if (cameBy === undefined) return
    this.#over.set(cameBy, true)
    dropOldest(this.#over, this.#limits.maxPeers)
  }

  /** Counts a bad frame; too many end the link. */
  bad(link: Link, text: string): void {
    this.#counters.badFrames++
    link.badFrames++
    const from = link.remote ? `${link.remote.name} (${link.remote.id})` : link.frames.endpoint
    reportFault({ area: 'link', text: `${from} sent ${text}`, code: 'EARSHOT_BYTES_INVALID' })
    if (link.badFrames >= this.#limits.maxBadFrames) link.close()
  }

  /** What a link sends beyond what it was granted would be without bound: it is cut. */
  #account(link: Link, bytes: number): void {
    if (link.window.take(bytes)) link.release(bytes - this.#heldBytes)
    else {
      this.bad(link, `${bytes} bytes beyond its credit`)
      link.close()
    }
  }

  #walk(link: Link, walker: RecordWalker): void {
    // A record may have closed the link: those behind it come from nobody any more.
    while (!link.closed && walker.next()) {
      this.#counters.recordsIn++
      if (link.remote === undefined && !isGreeting(walker.kind) && !this.onFirstWord(link)) {
        if (this.#over.has(link.frames.cameBy ?? '')) this.#counters.lateReplies++
        else this.bad(link, 'a record before its hello')
        this.onStranger(link)
        return
      }
      // Also what we do not know was sent against credit, and is paid back.
      if (walker.kind >= FIRST_CREDITED_KIND) this.#credited = true
      const handler = this.#handlers[walker.kind]
      if (handler === undefined) {
        this.#counters.unknownRecords++
        continue
      }
      if (!handler(link, walker)) this.#heldBytes += walker.size
    }
  }
}

/** What may come before it is known who speaks. */
function isGreeting(kind: number): boolean {
  return kind >= Kind.hello && kind <= Kind.refuse
}

function reportBug(error: unknown): void {
  reportFault({
    area: 'link',
    text: `a record could not be handled: ${textOf(error)}`,
    data: { error },
  })
}
