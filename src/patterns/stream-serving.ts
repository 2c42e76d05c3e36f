// Owns the serving side of streams and duplex talks: a handler's items leave as they are taken.
// Never advances a handler beyond what its reader has granted, and always lets it clean up.

import { EarshotError, isEarshotError, textOf, toEarshotError } from '../base/errors.ts'
import type { BodyCodec } from '../codec/codec.ts'
import { thrownError } from '../contract/declared-errors.ts'
import type { Counters } from '../mesh/counters.ts'
import type { LocalChannel } from '../mesh/local-channel.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { NumberedChannel } from '../mesh/written-channel.ts'
import { CODEC_BITS, CODEC_MASK, Kind, type RecordWalker } from '../wire/record.ts'
import { CallContext } from './call-context.ts'
import { bytesOf, errorCodec } from './failure.ts'
import type { Gate } from './gate.ts'
import { noHeaders } from './headers.ts'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { Refusal } from './refusal.ts'
import { deniedTo, reportFailed } from './said-aloud.ts'
import type { AnyHandler } from './serving.ts'
import { errorBytes, flowOf, Talk } from './talk.ts'
import type { Talks } from './talks.ts'

const SCALE = 2 ** CODEC_BITS

/** What a record `open` says before its body. */
interface Opening {
  readonly code: number
  readonly correlation: number
  readonly items: number
  readonly bytes: number
}

interface Served {
  readonly local: LocalChannel
  readonly handler: AnyHandler
  readonly gate: Gate
  /** What closes the channel. */
  readonly rule: string | undefined
}

export class StreamServing {
  readonly #mesh: Mesh
  readonly #talks: Talks
  readonly #served: (Served | undefined)[] = []
  /** Handlers that have not ended, also those whose reader has left. */
  #running = 0
  #idle: (() => void) | undefined

  constructor(mesh: Mesh, talks: Talks) {
    this.#mesh = mesh
    this.#talks = talks
    mesh.inbound.on(Kind.open, (link, record) => {
      this.#open(link, record)
      return true
    })
  }

  serve(local: LocalChannel, handler: AnyHandler, gate: Gate): void {
    this.#mesh.parts.catalog.serve(local)
    const rule = this.#mesh.parts.access.ruleOf(local.channel)
    this.#served[local.number] = { local, handler, gate, rule }
  }

  isServed(local: LocalChannel): boolean {
    return this.#served[local.number] !== undefined
  }

  stop(local: LocalChannel): void {
    this.#mesh.parts.catalog.withdraw(local)
    this.#served[local.number] = undefined
  }

  /** Resolves when no stream is being served. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  /** The peer is closing and the time for what is in hand is up: readers are told. */
  endAll(): void {
    for (const talk of this.#talks.all('server')) {
      const text = 'the peer that served it was closed, and did not wait any longer'
      talk.stop(new EarshotError('EARSHOT_PEER_GONE', text))
    }
  }

  #open(link: Link, record: RecordWalker): void {
    const [code, correlation] = [record.number(), record.number()]
    const [items, bytes] = [record.number(), record.number()]
    if (code < 0 || correlation < 0 || items < 0 || bytes < 0) {
      throw new EarshotError('EARSHOT_BYTES_INVALID', 'a stream that breaks off')
    }
    const channel = this.#mesh.parts.catalog.byNumber(Math.floor(code / SCALE))
    try {
      this.#begin(link, record, channel, { code, correlation, items, bytes })
    } catch (thrown) {
      const error = toEarshotError(thrown)
      if (channel) channel.counts.dropped++
      if (error.code === 'EARSHOT_BYTES_INVALID') {
        this.#mesh.inbound.bad(link, `a stream that cannot be begun: ${error.message}`)
      }
      refuse(link, correlation, error, this.#mesh.parts.counters)
    }
  }

  /** @throws why it cannot be served */
  #begin(
    link: Link,
    record: RecordWalker,
    channel: NumberedChannel | undefined,
    opening: Opening,
  ): void {
    const served = channel && this.#served[channel.number]
    const index = opening.code & CODEC_MASK
    if (!channel || !served) {
      const what = channel ? channel.channel.key : 'a channel of that number'
      throw new EarshotError('EARSHOT_CHANNEL_UNKNOWN', `${what} is not served here`)
    }
    const { key, kind } = channel.channel
    this.#admit(link, served)
    const reader = channel.body(index)
    const codec = channel.reply(index)
    if (!reader || !codec) {
      throw new EarshotError(
        'EARSHOT_CODEC_UNSHARED',
        `${key} is served in [${channel.codecs}] only`,
      )
    }
    const { maxStreams, maxHeaderBytes } = this.#mesh.parts.limits
    if (this.#running >= maxStreams) {
      const text = `${this.#running} streams are served already (maxStreams)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    const headers = record.hasHeaders ? record.headers(maxHeaderBytes) : noHeaders
    const isDuplex = kind === 'duplex'
    const body = isDuplex ? undefined : reader.decode(record.buffer, record.start, record.end)
    const read = { body, headers, codec: codec.codec }
    const made = opening.correlation
    const { lastHeardMs: cameMs } = link
    const context = new CallContext(this.#mesh, link, channel.channel, read, 0, cameMs, made)
    const run = new Run(
      served,
      context,
      (error) => this.#handlerFailed(channel, error),
      () => this.#mesh.parts.counters.errorsDeclared++,
    )
    const talk = this.#talk(link, opening, isDuplex ? reader : undefined, codec, served.local, run)
    this.#talks.add(talk)
    channel.counts.received++
    this.#mesh.parts.counters.streamsServed++
    const { outgoing } = talk.parts
    outgoing?.grant(opening.items, opening.bytes)
    const { streamWindowItems: items, streamWindowBytes: bytes } = this.#mesh.parts.limits
    talk.grant(isDuplex ? items : 0, isDuplex ? bytes : 0)
    this.#running++
    const given = isDuplex ? talk.parts.incoming : body
    void run.all(talk, given).finally(() => {
      this.#running--
      if (this.#running === 0) this.#idle?.()
    })
  }

  /** @throws EARSHOT_DENIED, or what the service's limits refuse it with */
  #admit(link: Link, { local, rule, gate }: Served): void {
    const refusal =
      deniedTo(this.#mesh, link, rule, local.channel.key) ??
      gate.refuses(link.remote?.id ?? '', link.lastHeardMs)
    if (refusal) throw refusal
  }

  #talk(
    link: Link,
    { correlation }: Opening,
    reader: ReturnType<NumberedChannel['body']>,
    codec: BodyCodec,
    local: LocalChannel,
    run: Run,
  ): Talk {
    const { clock, limits, counters } = this.#mesh.parts
    const { streamWindowItems: items, streamWindowBytes: bytes } = limits
    const incoming = new Incoming({
      clock,
      window: { items, bytes },
      grant: (more, moreBytes) => talk.grant(more, moreBytes),
      // A handler that listens no more may go on speaking.
      left: () => undefined,
    })
    if (!reader) incoming.end()
    const outgoing = new Outgoing({
      ...{ link, flow: flowOf(correlation, 'server'), codec, local, limits },
      sent: () => {
        counters.itemsSent++
        local.counts.sent++
      },
      ended: () => talk.ourEnd(),
    })
    const talk: Talk = new Talk({
      ...{ mesh: this.#mesh, link, side: 'server', correlation, channel: local.channel },
      ...{ reader, errors: undefined, incoming, outgoing },
      received: () => {
        counters.itemsReceived++
        local.counts.received++
      },
      onOver: (_talk, error) => {
        this.#talks.remove(talk)
        run.over(error)
      },
    })
    return talk
  }

  #handlerFailed({ channel }: NumberedChannel, error: unknown): void {
    this.#mesh.parts.counters.handlerErrors++
    reportFailed('the handler', channel.key, error)
  }
}

/** One handler at work. */
class Run {
  readonly #served: Served
  readonly #context: CallContext
  readonly #failed: (error: unknown) => void
  readonly #declared: () => void
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined

  constructor(
    served: Served,
    context: CallContext,
    failed: (error: unknown) => void,
    declared: () => void,
  ) {
    this.#declared = declared
    this.#served = served
    this.#context = context
    this.#failed = failed
  }

  /** From its first item to its last. Never rejects. */
  async all(talk: Talk, given: unknown): Promise<void> {
    try {
      const made = await this.#served.handler(given as never, this.#context)
      this.#iterator = iteratorOf(made, talk.parts.channel.key)
      if (talk.over) await this.#iterator.return?.()
      else await this.#pump(talk, this.#iterator, talk.parts.outgoing as Outgoing)
    } catch (error) {
      // Nobody reads any more: a handler that heeds its signal may end by throwing.
      if (talk.over) return
      if (Refusal.is(error)) talk.stop(new EarshotError(error.code, error.message))
      else this.#stop(talk, error)
    } finally {
      this.#context.end()
    }
  }

  /** What the contract declares is told as such; what does not fit its type, with the path. */
  #stop(talk: Talk, error: unknown): void {
    const { local } = this.#served
    const thrown = thrownError(local.channel, error)
    try {
      if (thrown) {
        const bytes = local.encode(errorCodec(local, this.#context.codec), thrown.body)
        this.#declared()
        talk.stop(toEarshotError(error, 'EARSHOT_REMOTE'), { ...thrown, bytes })
        return
      }
    } catch (unfit) {
      const { message, path } = toEarshotError(unfit)
      error = new Unfit(`the handler's error ${thrown?.name} does not fit: ${message}`, path)
    }
    this.#failed(error)
    talk.stop(new EarshotError('EARSHOT_REMOTE', textOf(error), Unfit.place(error)))
  }

  /** The talk is over, whoever ended it: the handler is told, and cleans up. */
  over(error: EarshotError | undefined): void {
    if (!error) return
    this.#context.abort(error.message)
    void this.#leave()
  }

  async #pump(talk: Talk, iterator: AsyncIterator<unknown> | Iterator<unknown>, out: Outgoing) {
    let roomy = false
    for (;;) {
      // Not waited for where it need not be: an await costs more than the item.
      if (!roomy) await out.ready()
      const step = await iterator.next()
      if (talk.over) return
      if (step.done) {
        out.end()
        return
      }
      try {
        roomy = out.write(step.value)
      } catch (thrown) {
        const { message, path } = toEarshotError(thrown)
        throw new Unfit(`the handler's item does not fit: ${message}`, path)
      }
    }
  }

  async #leave(): Promise<void> {
    try {
      await this.#iterator?.return?.()
    } catch (error) {
      this.#failed(error)
    }
  }
}

class Unfit extends Error {
  readonly #path: string | undefined

  constructor(message: string, path: string | undefined) {
    super(message)
    this.#path = path
  }

  /** Of anything that a handler threw: nothing in it is called. */
  static place(thrown: unknown): { readonly path?: string } {
    if (typeof thrown !== 'object' || thrown === null || !(#path in thrown)) return {}
    return thrown.#path === undefined ? {} : { path: thrown.#path }
  }
}

function iteratorOf(made: unknown, key: string): AsyncIterator<unknown> | Iterator<unknown> {
  const given = made as Partial<AsyncIterable<unknown> & Iterable<unknown>> | undefined
  const iterator = given?.[Symbol.asyncIterator]?.() ?? given?.[Symbol.iterator]?.()
  if (iterator) return iterator
  throw new EarshotError(
    'EARSHOT_REMOTE',
    `the handler of ${key} gives no iterable: write it as async function*`,
  )
}

function refuse(link: Link, correlation: number, error: EarshotError, counters: Counters): void {
  if (link.closed) return
  try {
    const flow = flowOf(correlation, 'server')
    link.outbound.flow(Kind.stop, flow, errorBytes, bytesOf(error))
  } catch (thrown) {
    // A link that is full to the brim: the caller's time-out ends its wait.
    if (!isEarshotError(thrown)) throw thrown
    counters.droppedReplies++
  }
}
