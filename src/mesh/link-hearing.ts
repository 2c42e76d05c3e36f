// Owns hearing by a link what is not for everybody: asks for topics there, takes what comes back.
// Never decides who may hear: the publisher does, by the key that the link has proved.

import { FaultsOnce } from '../base/diagnostics.ts'
import { isEarshotError } from '../base/errors.ts'
import { bytesBody } from '../codec/bytes-body.ts'
import type { Hearing } from '../transport/transport.ts'
import { AsideOp, Kind, type RecordWalker } from '../wire/record.ts'
import { answerToMarker, isMarker, parseMarker, parsePrefix, unnumbered } from '../wire/topic.ts'
import type { Link, Remote } from './remote.ts'

const nothing = () => undefined
const bytes = bytesBody('json', { kind: 'bytes' })

const MAX_TOLD = 1_024

/** All that we hear by links. */
export class LinkHearings {
  readonly #byLink = new Map<Link, Set<LinkHearing>>()
  /** What was denied and told of: it is asked for again and again. */
  readonly #denials = new FaultsOnce(MAX_TOLD)

  open(remote: Remote): LinkHearing {
    const { link } = remote
    const hearing = new LinkHearing(link, () => link && this.#byLink.get(link)?.delete(hearing))
    if (link) {
      const all = this.#byLink.get(link) ?? new Set()
      this.#byLink.set(link, all.add(hearing))
    }
    return hearing
  }

  lost(link: Link): void {
    const all = this.#byLink.get(link) ?? []
    this.#byLink.delete(link)
    this.#denials.clear()
    for (const hearing of all) hearing.lost()
  }

  /** A frame as of an outlet, or a refusal. */
  told(link: Link, op: number, record: RecordWalker): boolean {
    const denied = op === AsideOp.denied
    const frame = record.buffer.subarray(record.start, record.end)
    const by = link.remote?.id ?? ''
    for (const hearing of this.#byLink.get(link) ?? []) {
      if (!denied) hearing.take(frame)
      else if (isMarker(frame)) hearing.onFrame(answerToMarker(frame, { ...unnumbered, by }))
      else hearing.onDenied(frame)
    }
    if (denied && !isMarker(frame)) {
      const what = parsePrefix(Buffer.from(frame))?.name ?? 'what was asked for'
      const text = `${link.remote?.name} does not let us hear ${what}`
      this.#denials.report({ area: 'outlet', text, code: 'EARSHOT_DENIED' })
    }
    return true
  }
}

export class LinkHearing implements Hearing {
  readonly endpoint = 'link'
  onFrame: (frame: Buffer) => void = nothing
  onClose: (reason: string) => void = nothing
  /** What was asked for may not be heard, or no longer. */
  onDenied: (prefix: Buffer) => void = nothing
  readonly #link: Link | undefined
  readonly #forget: () => void
  #paused = false

  constructor(link: Link | undefined, forget: () => void) {
    this.#link = link
    this.#forget = forget
    // Told a turn later, when the owner has set onClose.
    if (link === undefined) queueMicrotask(() => this.lost())
  }

  take(frame: Buffer): void {
    if (!this.#paused || isMarker(frame)) this.onFrame(frame)
  }

  subscribe(topic: Buffer): void {
    this.#ask(AsideOp.begin, topic)
  }

  unsubscribe(topic: Buffer): void {
    // A marker was answered once, and is not remembered there.
    if (!parseMarker(topic)) this.#ask(AsideOp.end, topic)
  }

  /** A link cannot be held up for one of those who use it: what comes meanwhile is missed. */
  pause(paused: boolean): void {
    this.#paused = paused
  }

  /** Its link is looked after by itself. */
  giveUp(): void {
    this.lost()
  }

  close(): void {
    this.#forget()
  }

  lost(): void {
    this.#forget()
    this.onClose('the link was lost')
  }

  #ask(op: number, topic: Buffer): void {
    if (this.#link === undefined || this.#link.closed) return
    try {
      this.#link.outbound.flow(Kind.aside, op, bytes, topic)
    } catch (error) {
      // Full to the brim: the publisher is asked again when the marker was not answered.
      if (!isEarshotError(error)) throw error
    }
  }
}
