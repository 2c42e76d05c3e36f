// Owns the serving side of requests whose answer may come later: each is begun once, its answer is
// kept until its caller has it, over whatever link.
// Never keeps without bound: in number, in bytes, and no longer than the caller waits.

import type { Timer } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError, textOf, toEarshotError } from '../base/errors.ts'
import { type BodyCodec, type CodecName, codecNames } from '../codec/codec.ts'
import { thrownError } from '../contract/declared-errors.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { NumberedChannel } from '../mesh/written-channel.ts'
import {
  CODEC_BITS,
  CODEC_MASK,
  Kind,
  type RecordWalker,
  Ticketing,
  tooManyHeaders,
} from '../wire/record.ts'
import { CallContext, notItsOwn } from './call-context.ts'
import { PendingAnswer } from './deferred-answer.ts'
import { bytesOf, cutMessage, errorCodec } from './failure.ts'
import type { Headers } from './headers.ts'
import { Refusal } from './refusal.ts'
import { deniedTo, reportFailed } from './said-aloud.ts'
import type { Served, Serving } from './serving.ts'
import { TicketTombstones } from './ticket-tombstones.ts'
import { readWord, sayWord, type TicketWord, wordOf } from './ticket-words.ts'
import type { Tickets } from './tickets.ts'

const SCALE = 2 ** CODEC_BITS
const LONGEST_MS = 2 ** 31 - 1

/** What its caller is to be told. */
interface Outcome {
  readonly doing: number
  readonly headers?: Headers
  readonly bytes: Buffer
}

interface Kept {
  readonly id: string
  readonly local: NumberedChannel
  readonly served: Served
  readonly codec: CodecName
  readonly context: CallContext
  readonly body: unknown
  readonly budgetMs: number
  readonly cameMs: number
  /** Who is told: who asked, or who claimed it last, and by which link. */
  caller: string
  link: Link
  outcome: Outcome | undefined
  bytes: number
  timer: Timer | undefined
}

export class TicketServing {
  readonly #mesh: Mesh
  readonly #serving: Serving
  readonly #kept = new Map<string, Kept>()
  readonly #tombstones: TicketTombstones
  #bytes = 0
  #idle: (() => void) | undefined

  constructor(mesh: Mesh, serving: Serving, tickets: Tickets) {
    this.#mesh = mesh
    this.#serving = serving
    this.#tombstones = new TicketTombstones(mesh.parts.limits.maxTickets)
    mesh.inbound.on(Kind.ticket, (link, record) => {
      const word = readWord(record, mesh.parts.limits.maxHeaderBytes)
      const { doing, id, headers } = word
      if (doing >= Ticketing.taken) tickets.heard(link, record, doing, id, headers)
      else if (doing === Ticketing.ask) this.#asked(link, record, word)
      else if (doing === Ticketing.claim) this.#claimed(link, word)
      else this.#ended(link, doing, id)
      return true
    })
  }

  /** Tickets that are worked at, or whose answers nobody has taken yet. */
  get size(): number {
    return this.#kept.size
  }

  /** Resolves when all whose callers are there have their answers. */
  idle(): Promise<void> {
    if (!this.#isAwaited()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  close(): void {
    for (const kept of [...this.#kept.values()]) {
      kept.context.abort('the peer was closed')
      this.#forget(kept)
    }
  }

  #asked(link: Link, record: RecordWalker, word: TicketWord): void {
    const known = this.#kept.get(word.id)
    if (known) {
      if (known.caller === link.remote?.id) known.link = link
      this.#tell(known, link)
      return
    }
    if (this.#tombstones.has(word.id, link.remote?.id ?? '')) return
    try {
      const kept = this.#admit(link, record, word)
      this.#tell(kept, link)
      const { gate } = kept.served
      if (gate.busy) gate.wait(() => this.#begin(kept))
      else this.#begin(kept)
    } catch (thrown) {
      const { code, message, path } = toEarshotError(thrown)
      if (code === 'EARSHOT_BYTES_INVALID') {
        this.#mesh.inbound.bad(link, `a ticket that cannot be begun: ${message}`)
      }
      sayWord(link, Ticketing.failure, wordOf(word.id), bytesOf({ code, message, path }))
    }
  }

  /** @throws why it is not taken */
  #admit(link: Link, record: RecordWalker, word: TicketWord): Kept {
    const { id, code, budgetMs, headers, tooManyBytes } = word
    const { catalog, limits, clock, counters } = this.#mesh.parts
    if (tooManyBytes > 0) throw tooManyHeaders(tooManyBytes, limits.maxHeaderBytes)
    const local = catalog.byNumber(Math.floor(code / SCALE))
    const served = local && this.#serving.served(local)
    if (!local || !served || local.channel.kind !== 'request') {
      const what = local ? local.channel.key : 'a channel of that number'
      throw new EarshotError('EARSHOT_CHANNEL_UNKNOWN', `${what} is not served here`)
    }
    const { key } = local.channel
    const refusal =
      deniedTo(this.#mesh, link, served.rule, key) ??
      served.gate.refuses(link.remote?.id ?? '', link.lastHeardMs)
    if (refusal) throw refusal
    const [reader, reply] = [local.body(code & CODEC_MASK), local.reply(code & CODEC_MASK)]
    if (!reader || !reply) {
      throw new EarshotError('EARSHOT_CODEC_UNSHARED', `${key} is served in [${local.codecs}] only`)
    }
    const bytes = record.end - record.start
    const { maxTickets, maxTicketBytes } = limits
    if (this.#kept.size >= maxTickets || this.#bytes + bytes > maxTicketBytes) {
      const text = `${this.#kept.size} tickets of ${this.#bytes} bytes are kept here`
      throw new EarshotError('EARSHOT_OVERLOADED', `${text} (maxTickets, maxTicketBytes)`)
    }
    const body = reader.decode(record.buffer, record.start, record.end)
    const cameMs = link.lastHeardMs
    const longMs = Math.min(budgetMs || limits.ticketTimeoutMs, LONGEST_MS)
    const read = { body, headers, codec: reply.codec }
    const context = new CallContext(this.#mesh, link, local.channel, read, longMs, cameMs, id)
    const caller = link.remote?.id ?? ''
    const work = { id, local, served, codec: reply.codec, context, body, budgetMs: longMs, cameMs }
    const kept: Kept = { ...work, caller, link, outcome: undefined, bytes, timer: undefined }
    kept.timer = clock.after(longMs, () => this.#expired(kept), true)
    this.#kept.set(id, kept)
    this.#bytes += bytes
    local.counts.received++
    counters.ticketsServed++
    return kept
  }

  #begin(kept: Kept): void {
    const { served, local, body, context, cameMs, budgetMs } = kept
    // Who asked no longer waits: it is not begun.
    if (!this.#kept.has(kept.id)) return
    const { gate } = served
    const nowMs = this.#mesh.parts.clock.nowMs()
    const late = gate.tooLate(local.channel.key, nowMs, cameMs, budgetMs)
    if (late) {
      this.#settle(kept, { doing: Ticketing.failure, bytes: bytesOf(late) })
      return
    }
    gate.enter()
    const work = async () => served.handler(body as never, context)
    work()
      .then(
        (value) => {
          if (PendingAnswer.is(value)) this.#defer(kept, value)
          else this.#answered(kept, value)
        },
        (error: unknown) => this.#threw(kept, error),
      )
      .finally(() => gate.leave())
  }

  /** It comes by itself, or never: then the ticket ends as any other. */
  #defer(kept: Kept, answer: PendingAnswer): void {
    const { context, local } = kept
    if (!context.isOwn(answer)) {
      this.#threw(kept, notItsOwn(local.channel))
      return
    }
    answer.follow({
      answered: (value) => this.#answered(kept, value),
      threw: (error) => this.#threw(kept, error),
      dropped: () => undefined,
    })
  }

  #answered(kept: Kept, value: unknown): void {
    const { local, codec } = kept
    try {
      const bytes = local.encode(local.reply(codecNames.indexOf(codec)) as BodyCodec, value)
      this.#settle(kept, { doing: Ticketing.answer, bytes })
    } catch (error) {
      const { message, path } = toEarshotError(error)
      this.#unfit(kept, `the handler's answer does not fit: ${message}`, path)
    }
  }

  #threw(kept: Kept, error: unknown): void {
    const { local, codec } = kept
    if (Refusal.is(error)) {
      this.#settle(kept, { doing: Ticketing.failure, bytes: bytesOf(error) })
      return
    }
    const thrown = thrownError(local.channel, error)
    if (!thrown) {
      this.#mesh.parts.counters.handlerErrors++
      reportFailed('the handler', local.channel.key, error)
      const failure = { code: 'EARSHOT_REMOTE' as const, message: textOf(error) }
      this.#settle(kept, { doing: Ticketing.failure, bytes: bytesOf(failure) })
      return
    }
    const { name } = thrown
    const headers = { name, message: cutMessage(thrown.message) }
    try {
      const bytes = local.encode(errorCodec(local, codec), thrown.body)
      this.#mesh.parts.counters.errorsDeclared++
      this.#settle(kept, { doing: Ticketing.declared, headers, bytes })
    } catch (unfit) {
      const { message: why, path } = toEarshotError(unfit)
      this.#unfit(kept, `the handler's error ${name} does not fit: ${why}`, path)
    }
  }

  #unfit(kept: Kept, message: string, path: string | undefined): void {
    reportFault({ area: 'handler', text: `${kept.local.channel.key}: ${message}` })
    const bytes = bytesOf({ code: 'EARSHOT_REMOTE', message, path })
    this.#settle(kept, { doing: Ticketing.failure, bytes })
  }

  /** The outcome takes the place of the body; one for which there is no room is told as that. */
  #settle(kept: Kept, outcome: Outcome): void {
    if (!this.#kept.has(kept.id)) return
    const { maxTicketBytes } = this.#mesh.parts.limits
    this.#count(kept, 0)
    const fits = this.#bytes + outcome.bytes.length <= maxTicketBytes
    const message = `its answer of ${outcome.bytes.length} bytes had no room (maxTicketBytes)`
    const told = fits ? outcome.bytes : bytesOf({ code: 'EARSHOT_OVERLOADED', message })
    kept.outcome = fits ? outcome : { doing: Ticketing.failure, bytes: told }
    this.#count(kept, told.length)
    kept.context.end()
    this.#deliver(kept)
  }

  /**
   * To whoever waits for it, by the link that peer used last: another may be dead and not known to
   * be. Where it is closed and there is none, when the peer asks again.
   */
  #deliver(kept: Kept): void {
    const other = () => this.#mesh.membership.remotes.get(kept.caller)?.link
    const link = kept.link.closed ? other() : kept.link
    if (link) this.#tell(kept, link)
    this.#checkIdle()
  }

  #tell(kept: Kept, link: Link): void {
    const { outcome, id } = kept
    if (link.outbound.full) {
      void link.outbound.ready().then(() => {
        if (this.#kept.get(id) === kept && !link.closed) this.#tell(kept, link)
      })
      return
    }
    if (!outcome) sayWord(link, Ticketing.taken, wordOf(id))
    else sayWord(link, outcome.doing, wordOf(id, undefined, outcome.headers), outcome.bytes)
  }

  #claimed(link: Link, { id, code }: TicketWord): void {
    const kept = this.#kept.get(id)
    const denied = kept && deniedTo(this.#mesh, link, kept.served.rule, kept.local.channel.key)
    const wanted = kept?.local.reply(code & CODEC_MASK)?.codec
    if (kept && !denied && wanted === kept.codec) {
      kept.caller = link.remote?.id ?? ''
      kept.link = link
      this.#tell(kept, link)
      return
    }
    const unknown = new EarshotError('EARSHOT_TICKET_UNKNOWN', `there is no ticket ${id} here`)
    const other = new EarshotError('EARSHOT_CODEC_UNSHARED', `its answer is in ${kept?.codec}`)
    const failure = bytesOf(kept ? (denied ?? other) : unknown)
    sayWord(link, Ticketing.failure, wordOf(id), failure)
  }

  /**
   * Its caller has the answer, or wants none; nobody else can say so. By another link that may be
   * known before the question has come.
   */
  #ended(link: Link, doing: number, id: string): void {
    const kept = this.#kept.get(id)
    if (!kept) this.#tombstones.add(id, link.remote?.id ?? '')
    if (!kept || kept.caller !== link.remote?.id) return
    if (doing === Ticketing.cancel) kept.context.abort('the caller no longer waits')
    this.#forget(kept)
  }

  #expired(kept: Kept): void {
    if (kept.outcome) this.#mesh.parts.counters.ticketsExpired++
    else kept.context.abort('the deadline has passed')
    this.#forget(kept)
  }

  #forget(kept: Kept): void {
    kept.timer?.cancel()
    this.#count(kept, 0)
    this.#kept.delete(kept.id)
    this.#tombstones.add(kept.id, kept.context.from.id)
    this.#checkIdle()
  }

  #count(kept: Kept, bytes: number): void {
    this.#bytes += bytes - kept.bytes
    kept.bytes = bytes
  }

  #isAwaited(): boolean {
    const { remotes } = this.#mesh.membership
    return [...this.#kept.values()].some(({ caller }) => remotes.get(caller)?.link)
  }

  #checkIdle(): void {
    if (this.#idle && !this.#isAwaited()) this.#idle()
  }
}
