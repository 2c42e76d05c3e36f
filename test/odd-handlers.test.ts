// Handlers that throw and give what nobody should: callers hear at once, and nobody else pays.

import { contract, event, notification, request, scatter, stream } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, pairOf } from './support/peers.ts'

const Which = Type.Object({ at: Type.Integer() })
const errors = { Bad: Type.Object({ left: Type.Integer() }) }
const Odd = contract('test.odd', '1.0.0', {
  ask: request(Which, Which),
  declared: request(Which, Which, { errors }),
  tell: notification(Which),
  all: scatter(Which, Which),
  watch: stream(Which, Which),
  said: event(Which),
})

const boom = (): never => {
  throw new Error('looked at')
}
/** Whatever is done to it throws. */
const trap = () => new Proxy(Object, { get: boom, has: boom, getPrototypeOf: boom, ownKeys: boom })
class Shy extends Error {
  override get message(): string {
    return boom()
  }
  override get name(): string {
    return boom()
  }
}
const named = (data: object) => Object.assign(new Error('named'), { name: 'Bad', ...data })

const thrown: (() => unknown)[] = [
  () => undefined,
  () => null,
  () => Symbol('odd'),
  () => Object.create(null),
  () => Promise.resolve(1),
  () => new Error('x'.repeat(10_000_000)),
  trap,
  () => new Proxy({}, { has: () => true, get: boom, getPrototypeOf: boom }),
  () => new Shy(),
  () => Object.defineProperty(named({}), 'data', { get: boom }),
  () => named({ data: trap() }),
]
const throwers = thrown.map((make) => () => {
  throw make()
})
const givers: (() => unknown)[] = [
  trap,
  () => ({ at: 'text' }),
  () => Object.defineProperty({}, 'at', { get: boom, enumerable: true }),
  // biome-ignore-start lint/suspicious/noThenProperty: such are what is tried
  () => Object.defineProperty({}, 'then', { get: boom }),
  () => ({ then: boom }),
  () => ({ then: (_: unknown, fail: (error: unknown) => void) => fail(trap()) }),
  // biome-ignore-end lint/suspicious/noThenProperty: such are what is tried
]
const every = [...throwers, ...givers]
const act = ({ at }: { at: number }) => every[at]?.() as never
const handlers = { ask: act, declared: act, tell: act, all: act, watch: act }

describe('a handler that throws or gives what is odd', () => {
  it('is told to its caller as EARSHOT_REMOTE in each style, and held against nobody', async () => {
    const [server, caller] = await pairOf()
    // With room for one: whoever is not let go of is the last.
    await server.serve(Odd, handlers, { concurrency: 1 })
    const client = caller.client(Odd, { timeoutMs: 5_000 })
    for (const [at, of] of every.entries()) {
      const calls = [client.ask({ at }), client.declared({ at }), client.ask.later({ at }).answer()]
      const items = client.watch({ at }).next()
      const told = await Promise.all([...calls, items].map(failure))
      const { failed } = await client.all({ at })
      for (const { code, message } of [...told, ...failed.map(({ error }) => error)]) {
        expect([code, String(of)]).toEqual(['EARSHOT_REMOTE', String(of)])
        expect(String(message).length).toBeLessThan(100_000)
      }
      expect(failed).toHaveLength(1)
    }
    for (const at of throwers.keys()) {
      const { code } = await failure(client.tell({ at }, { until: 'handled' }))
      expect(code).toBe('EARSHOT_REMOTE')
    }
    const { counters, runningHandlers, openStreams } = server.stats()
    expect([counters.badFrames, runningHandlers, openStreams]).toEqual([0, 0, 0])
  })

  it('is told to a publisher who asks, and goes on hearing', async () => {
    const [publisher, hearer] = await pairOf()
    const subscription = await hearer.subscribe(Odd.said, act, { concurrency: 1 })
    for (const at of throwers.keys()) {
      const verdict = await publisher.publish(Odd.said, { at }, { until: 'handled' })
      expect(verdict).toMatchObject({ became: 'handled', listeners: 0, refused: 1 })
    }
    expect(hearer.stats().counters.handlerErrors).toBe(throwers.length)
    await subscription.close()
  })
})
