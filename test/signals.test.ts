// One signal of the user's for many calls: what it costs, and that it ends them all.

import { getEventListeners } from 'node:events'
import { contract, duplex, notification, request, scatter, stream } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failure, pairOf, until } from './support/peers.ts'

const Empty = Type.Object({})
const Still = contract('test.still', '1.0.0', {
  ask: request(Empty, Empty, { idempotent: true }),
  tell: notification(Empty),
  all: scatter(Empty, Empty),
  watch: stream(Empty, Empty),
  talk: duplex(Empty, Empty),
})
const CALLS = 12

interface Told {
  readonly signal: AbortSignal
}

/** Two peers, of which the first takes everything and answers nothing. */
async function stillPair() {
  const [server, caller] = await pairOf()
  let begun = 0
  const forEver = (_: unknown, { signal }: Told) =>
    new Promise<never>((_, reject) => {
      begun++
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  async function* watch(_: unknown, context: Told): AsyncGenerator<object> {
    yield await forEver(_, context)
  }
  const whole = { ask: forEver, tell: forEver, all: forEver, watch, talk: watch }
  await server.serve(Still, whole)
  return { begun: () => begun, caller, plain: caller.client(Still, { timeoutMs: 30_000 }) }
}

describe('one signal for many calls of each style', () => {
  it('has one listener, ends all of them, and is let go of without a warning', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    const { caller, plain, begun } = await stillPair()
    const hedged = caller.client(Still, { timeoutMs: 30_000, hedge: { afterMs: 20_000 } })
    const control = new AbortController()
    const { signal } = control
    const listeners = () => getEventListeners(signal, 'abort').length
    const styles: (() => Promise<unknown>)[] = [
      () => plain.ask({}, { signal }),
      () => hedged.ask({}, { signal }),
      () => plain.ask.later({}, { signal }).answer(),
      () => plain.ask.later({}).answer({ signal }),
      () => plain.tell({}, { signal, until: 'handled' }),
      () => plain.all({}, { signal }),
      () => plain.all.each({}, { signal }).next(),
      () => plain.watch({}, { signal }).next(),
      () => plain.talk({ signal }).next(),
    ]
    const calls = styles.flatMap((call) => Array.from({ length: CALLS }, () => failure(call())))
    await until('all are begun', () => begun() === calls.length)
    expect(listeners()).toBe(1)
    control.abort(new Error('enough'))
    const errors = await Promise.all(calls)
    expect(new Set(errors.map(({ code, sent }) => `${code} ${sent}`))).toEqual(
      new Set(['EARSHOT_CANCELLED unknown']),
    )
    expect(listeners()).toBe(0)
    const { pendingRequests, openStreams } = caller.stats()
    expect([pendingRequests, openStreams]).toEqual([0, 0])
    expect(warnings).toEqual([])
  })

  it('a call that ends otherwise leaves nothing on it', async () => {
    const { plain } = await stillPair()
    const { signal } = new AbortController()
    const late = { signal, timeoutMs: 30 }
    const ends = [
      failure(plain.ask({}, late)),
      failure(plain.ask.later({}, late).answer()),
      failure(plain.tell({}, { ...late, until: 'handled' })),
      plain.all({}, { signal, withinMs: 30 }),
      failure(plain.watch({}, { signal, idleMs: 30 }).next()),
      failure(plain.talk({ signal, idleMs: 30 }).next()),
    ]
    await Promise.all(ends)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('hedged, or made by a handler, a call leaves nothing on what lives on', async () => {
    const { caller, plain } = await stillPair()
    const hedged = caller.client(Still, { hedge: { afterMs: 10 } })
    const life = new AbortController()
    const theirs = new AbortController()
    const late = { signal: life.signal, timeoutMs: 30 }
    const within = { ...late, context: { signal: theirs.signal, remainingMs: 1_000 } }
    await Promise.all([
      failure(hedged.ask({}, late)),
      failure(hedged.ask({}, within)),
      failure(plain.ask({}, within)),
      failure(plain.ask.later({}, within).answer()),
      failure(plain.tell({}, { ...within, until: 'handled' })),
      plain.all({}, { signal: life.signal, context: within.context, withinMs: 30 }),
      failure(plain.watch({}, { ...within, idleMs: 30 }).next()),
    ])
    for (const { signal } of [life, theirs]) expect(kept(signal)).toBe(0)
    const calls = [hedged.ask({}, within), plain.ask({}, { ...within, timeoutMs: 900 })].map(
      failure,
    )
    life.abort()
    expect((await Promise.all(calls)).map(({ code }) => code)).toContain('EARSHOT_CANCELLED')
    for (const { signal } of [life, theirs]) expect(kept(signal)).toBe(0)
  })
})

/** Listeners, and what Node keeps of a signal: those that `AbortSignal.any` made of it. */
function kept(signal: AbortSignal): number {
  const own = Reflect.ownKeys(signal).map((key) => Reflect.get(signal, key) as unknown)
  const sets = own.filter((value) => value instanceof Set)
  return sets.reduce((sum, { size }) => sum + size, getEventListeners(signal, 'abort').length)
}
