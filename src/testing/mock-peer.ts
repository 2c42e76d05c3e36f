// Owns mock peers: they serve a contract, with answers by chance or given, and record what came.
// Never a second way of serving: a mock is a peer like any other.

import { checkArgument, checkOptions, isObject } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'
import { defaultLimits } from '../base/limits.ts'
import type { Channel, ChannelKind } from '../contract/channel.ts'
import type { AnyContract } from '../contract/contract.ts'
import { checkContract } from '../contract/given.ts'
import type { Shape } from '../contract/shape.ts'
import type { HandlerContext } from '../patterns/call-context.ts'
import { createPeer } from '../peer.ts'
import type { Handlers, Peer, PeerOptions } from '../peer-types.ts'
import { createValue } from './answers.ts'
import { type Chance, createChance } from './chance.ts'

export interface MockBehaviour<C> {
  /** What the answers are made from: the same seed, the same answers. Default 1. */
  readonly seed?: number
  /** Handlers of channels whose answers are not to be made by chance. */
  readonly answers?: Partial<Handlers<C>>
  /** How many items a stream has. Default 3. */
  readonly items?: number
}

/** With `peer` the mock is served by that one; without, by a new one with the other options. */
export type MockOptions<C> = MockBehaviour<C> & Partial<PeerOptions> & { readonly peer?: Peer }

/** A call as it came. */
export interface RecordedCall<B = unknown> {
  /** Of a duplex: each message said. */
  readonly body: B
  readonly context: HandlerContext
}

export type RecordedCalls<C> = {
  readonly [N in keyof C as C[N] extends Channel<Exclude<ChannelKind, 'event'>>
    ? N
    : never]: C[N] extends Channel<ChannelKind, infer B> ? readonly RecordedCall<B>[] : never
}

export interface MockPeer<C> {
  readonly peer: Peer
  /** What came, by channel, in order: the last 10 000 of each (`maxRecordedCalls`). */
  readonly calls: RecordedCalls<C>
  /** Answers otherwise from now on; channels that are not named stay as they are. */
  answer(answers: Partial<Handlers<C>>): void
  /** Forgets the calls. */
  forget(): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

type Handler = (body: never, context: HandlerContext) => unknown
type Answers = Readonly<Record<string, Handler | undefined>>

/**
 * Serves a contract with answers that fit its types, and records what is asked.
 * @throws EARSHOT_OPTION_INVALID for a type of which no value is found by chance (a pattern), with
 * its path: give that channel in `answers`
 */
export async function mockPeer<C extends AnyContract>(
  contract: C,
  options: MockOptions<C> = {},
): Promise<MockPeer<C>> {
  checkContract(contract)
  checkOptions(options)
  const { seed = 1, answers = {}, items = 3, peer: given, ...peerOptions } = options
  checkWhole(items, '/items')
  checkWhole(seed, '/seed')
  const mock = new Mock<C>(contract, createChance(seed), answers as Answers, items)
  const peer = given ?? (await createPeer({ name: mockName(contract), ...peerOptions }))
  mock.peer = peer
  await peer.serve(contract, mock.handlers as unknown as Handlers<C>)
  return mock
}

function checkWhole(given: number, path: string): void {
  checkArgument(Number.isSafeInteger(given) && given >= 0, path, 'a whole number from 0', given)
}

export function mockName({ name }: AnyContract): string {
  return `mock-${name}`.slice(0, 100)
}

class Mock<C extends AnyContract> implements MockPeer<C> {
  peer!: Peer
  readonly calls: RecordedCalls<C>
  readonly handlers: Record<string, Handler> = {}
  readonly #chance: Chance
  readonly #items: number
  readonly #calls = new Map<string, RecordedCall[]>()
  #answers: Answers = {}

  constructor(contract: C, chance: Chance, answers: Answers, items: number) {
    this.#chance = chance
    this.#items = items
    for (const channel of contract.channels) {
      if (channel.kind === 'event') continue
      this.#calls.set(channel.name, [])
      this.handlers[channel.name] = this.#handler(channel)
    }
    this.answer(answers as Partial<Handlers<C>>)
    for (const channel of contract.channels) {
      // Told now, not by the first call.
      if (channel.replyShape && !this.#answers[channel.name]) this.#value(channel)
    }
    this.calls = Object.fromEntries(this.#calls) as unknown as RecordedCalls<C>
  }

  answer(answers: Partial<Handlers<C>>): void {
    checkArgument(isObject(answers), '/answers', 'an object of handlers, by channel', answers)
    for (const [name, handler] of Object.entries(answers)) {
      const path = `/answers/${name}`
      checkArgument(typeof handler === 'function', path, 'a handler: (body) => answer', handler)
      if (this.#calls.has(name)) continue
      const text = `there is no channel "${name}" to answer: ${[...this.#calls.keys()].join(', ')}`
      throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
    }
    this.#answers = { ...this.#answers, ...(answers as Answers) }
  }

  forget(): void {
    for (const calls of this.#calls.values()) calls.length = 0
  }

  close(): Promise<void> {
    return this.peer.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #handler(channel: Channel): Handler {
    const { name, kind } = channel
    const record = (body: unknown, context: HandlerContext) => {
      const calls = this.#calls.get(name) as RecordedCall[]
      calls.push({ body, context })
      if (calls.length > defaultLimits.maxRecordedCalls) calls.shift()
    }
    if (kind === 'duplex') return (said, context) => this.#talk(channel, said, context, record)
    return (body, context) => {
      record(body, context)
      const given = this.#answers[name]
      if (given) return given(body, context)
      if (kind === 'stream') return Array.from({ length: this.#items }, () => this.#value(channel))
      return channel.replyShape && this.#value(channel)
    }
  }

  /** Each message said is recorded, and answered by one. */
  #talk(
    channel: Channel,
    said: AsyncIterable<unknown>,
    context: HandlerContext,
    record: (body: unknown, context: HandlerContext) => void,
  ): unknown {
    const heard = recorded(said, (body) => record(body, context))
    const given = this.#answers[channel.name]
    if (given) return given(heard as never, context)
    const value = () => this.#value(channel)
    return (async function* () {
      for await (const _ of heard) yield value()
    })()
  }

  #value({ key, replyShape }: Channel): unknown {
    return createValue(replyShape as Shape, this.#chance, key)
  }
}

async function* recorded(said: AsyncIterable<unknown>, take: (body: unknown) => void) {
  for await (const body of said) {
    take(body)
    yield body
  }
}
