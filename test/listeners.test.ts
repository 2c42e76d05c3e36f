// Functions that users hand to a client: that they throw ends nobody's call, and no process.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type ClientOptions, contract, type EarshotError, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failure, pairOf } from './support/peers.ts'

const Answer = Type.Object({ at: Type.Integer() })
const Slow = contract('test.slow', '1.0.0', {
  ask: request(Type.Object({ forMs: Type.Integer() }), Answer),
  any: request(Type.Unknown(), Answer, { codecs: ['json'] }),
})
const boom = (): never => {
  throw new Error('boom')
}
const late = { forMs: 60_000 }

/** A client by such options; and what is said aloud of faults. */
async function clientBy(options: ClientOptions<typeof Slow>) {
  const faults: string[] = []
  const hear = (fault: unknown) => faults.push((fault as { text: string }).text)
  subscribe('earshot:fault', hear)
  onTestFinished(() => void unsubscribe('earshot:fault', hear))
  const [server, caller] = await pairOf()
  await server.serve(Slow, {
    ask: ({ forMs }, context) =>
      forMs === 0
        ? { at: 1 }
        : new Promise((_, reject) => {
            context.signal.addEventListener('abort', () => reject(context.signal.reason))
          }),
    any: () => ({ at: 1 }),
  })
  const ask = caller.client(Slow, { timeoutMs: 50, ...options }).ask
  await ask({ forMs: 0 }, { timeoutMs: 2_000 })
  return { ask, caller, faults }
}

/** Two calls, the second after the first: both end by the deadline. */
async function bothLate({ ask }: { ask: (body: typeof late) => Promise<unknown> }) {
  for (let left = 2; left > 0; left--) expect((await failure(ask(late))).code).toBe(lateCode)
}
const lateCode: EarshotError['code'] = 'EARSHOT_TIMEOUT'

describe('a function of the user that throws', () => {
  it('says what counts for a breaker: the defaults count, and time-outs go on', async () => {
    const parts = await clientBy({ breaker: { counts: boom, minimumCalls: 3, threshold: 0.5 } })
    await bothLate(parts)
    expect(parts.faults).toContain('breaker.counts of test.slow/1/ask failed: boom')
    expect(parts.caller.breakers().map(({ state }) => state)).toEqual(['open'])
  })

  it('hears of a breaker: it opens, and its call ends', async () => {
    const options = { onChange: boom, minimumCalls: 3, threshold: 0.5 }
    const parts = await clientBy({ breaker: options })
    await bothLate(parts)
    expect(parts.faults).toContain('onChange of test.slow/1/ask failed: boom')
    expect((await failure(parts.ask(late))).code).toBe('EARSHOT_BREAKER_OPEN')
    expect(parts.caller.stats().pendingRequests).toBe(0)
  })

  it('hears of a fallback, also later: it is given', async () => {
    const fallback = { value: { at: 7 } }
    const parts = await clientBy({ channels: { ask: { fallback, onFallback: boom } } })
    expect(await parts.ask(late)).toEqual({ at: 7 })
    const later = await clientBy({
      channels: { ask: { fallback, onFallback: async () => boom() } },
    })
    expect(await later.ask(late)).toEqual({ at: 7 })
    expect(parts.faults).toContain('onFallback of test.slow/1/ask failed: boom')
    expect(later.faults).toContain('onFallback of test.slow/1/ask failed: boom')
  })

  it('makes keys for a cache: the call is as without one', async () => {
    const fallback = { cache: { keyOf: boom } }
    const parts = await clientBy({ channels: { ask: { fallback } } })
    await bothLate(parts)
    expect(await parts.ask({ forMs: 0 })).toEqual({ at: 1 })
    const { any } = parts.caller.client(Slow, { channels: { any: { fallback: { cache: true } } } })
    const circle: { more?: unknown } = {}
    circle.more = circle
    expect((await failure(any(circle))).code).toBe('EARSHOT_BODY_INVALID')
  })

  it('weighs peers: each call is told so, with the path', async () => {
    const [server, caller] = await pairOf()
    await server.serve(Slow, { ask: () => ({ at: 1 }), any: () => ({ at: 1 }) })
    await caller.client(Slow).ask({ forMs: 0 })
    const { ask } = caller.client(Slow, { balance: { weights: boom } })
    for (let left = 2; left > 0; left--) {
      const error = await failure(ask({ forMs: 0 }))
      expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', cause: { message: 'boom' } })
      expect(error.path).toMatch('/balance/weights/')
    }
  })
})
