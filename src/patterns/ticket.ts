// Owns tickets as callers hold them: the promise of an answer that may come later, by another link.
// Never sends: `tickets.ts` does.

import { type Awaited, awaited } from '../base/deferred.ts'
import { EarshotError } from '../base/errors.ts'
import type { Channel } from '../contract/channel.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { abortable, type CallOptions, cancelled, optionFault } from './call-options.ts'

/** The timeout is that of the answer: 60 000 ms (`ticketTimeoutMs`) unless it says otherwise. */
export type LaterOptions = CallOptions

export interface AnswerOptions {
  /** How long to wait this time. Default: to the ticket's deadline. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** A ticket as JSON: whoever holds it can claim the answer. */
export interface TicketRecord {
  /** 16 random bytes, hex. */
  readonly id: string
  /** `shop.orders/1/place` */
  readonly channel: string
  /** The peer that has taken it, and its incarnation. */
  readonly peer: string
  readonly epoch: number
  /** ms since 1970. */
  readonly deadline: number
}

/** A request whose answer is fetched when it suits; it outlives the link by which it was sent. */
export interface Ticket<R> {
  readonly id: string
  /** `sending`: nobody has it yet; `taken`: a peer works at it, or keeps the answer. */
  readonly state: 'sending' | 'taken' | 'answered' | 'failed'
  /**
   * Resolves when a peer has said that it has it: from then on a cut link loses neither question
   * nor answer, and the answer comes to this ticket alone.
   * @throws what ended the ticket before that
   */
  taken(): Promise<void>
  /**
   * The answer; may be asked for again.
   * @throws EARSHOT_TIMEOUT when it is not there in `timeoutMs` (the ticket goes on waiting) or at
   * the deadline, EARSHOT_PEER_GONE when the peer that had it left or started anew,
   * EARSHOT_TICKET_UNKNOWN when it has no such ticket, and all that ends a request
   */
  answer(options?: AnswerOptions): Promise<R>
  /** Nobody wants the answer any more: the handler's signal says so. */
  cancel(): void
  /** For `peer.client(Orders).place.claim(record)`, here or elsewhere; await `taken()` first. */
  toJSON(): TicketRecord
}

/** One ticket, as the caller's side keeps it. */
export class TicketEntry {
  readonly id: string
  readonly channel: Channel
  readonly deadlineMs: number
  state: Ticket<unknown>['state'] = 'sending'
  /** Who has it, or is to have it. */
  server: { readonly id: string; readonly epoch: number; readonly name: string } | undefined
  /** Somebody has waited for the answer: it need not be kept for who claims it. */
  fetched = false
  readonly given: Awaited<void> = awaited<void>()
  readonly answer: Awaited<unknown> = awaited<unknown>()

  constructor(id: string, channel: Channel, deadlineMs: number) {
    this.id = id
    this.channel = channel
    this.deadlineMs = deadlineMs
    // Nobody need wait for either.
    this.given.promise.catch(() => undefined)
    this.answer.promise.catch(() => undefined)
  }

  get over(): boolean {
    return this.state === 'answered' || this.state === 'failed'
  }
}

export interface TicketParts {
  readonly mesh: Mesh
  readonly cancel: (entry: TicketEntry) => void
  readonly fetched: (entry: TicketEntry) => void
}

export class EntryTicket implements Ticket<unknown> {
  readonly #entry: TicketEntry
  readonly #parts: TicketParts

  constructor(entry: TicketEntry, parts: TicketParts) {
    this.#entry = entry
    this.#parts = parts
  }

  get id(): string {
    return this.#entry.id
  }

  get state(): Ticket<unknown>['state'] {
    return this.#entry.state
  }

  taken(): Promise<void> {
    return this.#entry.given.promise
  }

  async answer(options: AnswerOptions = {}): Promise<unknown> {
    const fault = optionFault(options, ['timeoutMs', 'signal'])
    if (fault) throw fault
    const { timeoutMs, signal } = options
    checkWait(timeoutMs)
    const { answer, channel, id } = this.#entry
    const { clock } = this.#parts.mesh.parts
    let late = false
    let stop: () => void = () => undefined
    const timer =
      timeoutMs === undefined
        ? undefined
        : clock.after(timeoutMs, () => {
            late = true
            stop()
          })
    const waited = new Promise<void>((resolve) => {
      stop = resolve
      answer.promise.then(
        () => resolve(),
        () => resolve(),
      )
    })
    try {
      await abortable(waited, signal)
    } catch {
      // Only the signal ends this wait; the ticket goes on, and what has not left yet will.
      throw cancelled(signal as AbortSignal, 'unknown')
    } finally {
      timer?.cancel()
    }
    if (late && !this.#entry.over) {
      const text = `ticket ${id} of ${channel.key} has no answer after ${timeoutMs} ms`
      throw new EarshotError('EARSHOT_TIMEOUT', text, { data: { ticket: id } })
    }
    this.#parts.fetched(this.#entry)
    return answer.promise
  }

  cancel(): void {
    this.#parts.cancel(this.#entry)
  }

  toJSON(): TicketRecord {
    const { id, channel, server, deadlineMs } = this.#entry
    const { clock } = this.#parts.mesh.parts
    const deadline = Math.round(clock.wallMs() + deadlineMs - clock.nowMs())
    return { id, channel: channel.key, peer: server?.id ?? '', epoch: server?.epoch ?? 0, deadline }
  }
}

function checkWait(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs < 2 ** 31) return
  const text = `timeoutMs is a number of ms above 0, not ${String(timeoutMs)}`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/timeoutMs' })
}

const ID = /^[0-9a-f]{32}$/

/** @throws EARSHOT_OPTION_INVALID for what is no ticket of that channel */
export function readTicket(given: unknown, { key }: Channel): TicketRecord {
  const json = typeof given === 'string' ? parsed(given) : given
  const { id, channel, peer, epoch, deadline } = (json ?? {}) as Partial<TicketRecord>
  const invalid = (path: string, text: string) =>
    new EarshotError('EARSHOT_OPTION_INVALID', `no ticket: ${text}`, { path })
  if (typeof id !== 'string' || !ID.test(id)) throw invalid('/id', 'its id is not 32 hex digits')
  if (channel !== key) throw invalid('/channel', `it is of ${String(channel)}, not of ${key}`)
  if (typeof peer !== 'string' || !ID.test(peer)) {
    throw invalid('/peer', 'no peer has taken it: await taken() before it is saved')
  }
  for (const [name, value] of Object.entries({ epoch, deadline })) {
    if (!Number.isSafeInteger(value)) throw invalid(`/${name}`, `its ${name} is no whole number`)
  }
  return { id, channel, peer, epoch: epoch as number, deadline: deadline as number }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new EarshotError('EARSHOT_OPTION_INVALID', 'no ticket: it is no JSON', { cause })
  }
}
