// Questions to all who serve: who answered, who did not, and why; in every codec and two versions.

import { contract, type Peer, type PeerOptions, scatter } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, randomMesh, testPeer, until } from './support/peers.ts'

const Ask = Type.Object({ sku: Type.String({ minLength: 1 }) })
const Quote = Type.Object({ price: Type.Number(), by: Type.String() })
const Quotes = contract('test.quotes', '1.0.0', { quote: scatter(Ask, Quote) })
const Later = contract('test.quotes', '1.1.0', {
  quote: scatter(Ask, Type.Object({ ...Quote.properties, days: Type.Integer({ default: 3 }) })),
})

type Handler = (
  ask: { sku: string },
  context: { signal: AbortSignal },
) => { price: number; by: string } | Promise<{ price: number; by: string }>

const plain =
  (by: string, price: number): Handler =>
  () => ({ by, price })

/** A caller, and a peer for each handler. */
async function shops(
  handlers: Readonly<Record<string, Handler>>,
  options: Partial<PeerOptions> = {},
): Promise<{ caller: Peer; peers: Map<string, Peer> }> {
  const mesh = randomMesh()
  const caller = await testPeer({ name: 'caller', mesh, ...options })
  const peers = new Map<string, Peer>()
  for (const [name, quote] of Object.entries(handlers)) {
    const peer = await testPeer({ name, mesh, limits: { drainTimeoutMs: 100 }, ...options })
    await peer.serve(Quotes, { quote })
    peers.set(name, peer)
  }
  const serving = () => caller.peers().filter(({ contracts }) => contracts.length > 0).length
  await until('all are known', () => serving() === peers.size)
  return { caller, peers }
}

const names = (list: readonly { readonly from: { readonly name: string } }[]) =>
  list.map(({ from }) => from.name).sort()

describe.each(['json', 'msgpack', 'avro', 'protobuf'] as const)('a scatter in %s', (codec) => {
  it('is answered by all, in both of two minor versions', async () => {
    const { caller } = await shops(
      { a: plain('a', 1), b: plain('b', 2), c: plain('c', 3) },
      { codecs: [codec] },
    )
    const { answers, silent, failed, enough } = await caller.client(Quotes).quote({ sku: 'tea' })
    expect([silent, failed, enough]).toEqual([[], [], true])
    expect(names(answers)).toEqual(['a', 'b', 'c'])
    for (const { from, answer } of answers) expect(answer.by).toBe(from.name)
    const later = await caller.client(Later).quote({ sku: 'tea' })
    expect(later.answers.map(({ answer }) => answer.days)).toEqual([3, 3, 3])
  })
})

describe('a question to all', () => {
  it('names who was late, who failed and who left, each with the reason', async () => {
    let cancelled = 0
    const { caller, peers } = await shops({
      quick: plain('quick', 1),
      slow: (_ask, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => cancelled++)),
      broken: () => {
        throw new Error('no price list')
      },
      leaves: () => new Promise(() => undefined),
    })
    const asked = caller.client(Quotes).quote({ sku: 'tea' }, { withinMs: 700 })
    await until('it is asked', () => peers.get('leaves')?.stats().runningHandlers === 1)
    // It cannot finish what it has in hand.
    void peers.get('leaves')?.close()
    const { answers, silent, failed, enough } = await asked
    expect(names(answers)).toEqual(['quick'])
    expect(silent).toContainEqual({ from: expect.objectContaining({ name: 'slow' }), why: 'late' })
    expect(silent).toContainEqual({
      from: expect.objectContaining({ name: 'leaves' }),
      why: 'gone',
    })
    expect(silent).toHaveLength(2)
    expect(failed).toHaveLength(1)
    expect(failed[0]).toMatchObject({ from: { name: 'broken' }, error: { code: 'EARSHOT_REMOTE' } })
    expect(failed[0]?.error.message).toContain('no price list')
    expect(enough).toBe(false)
    await until('the slow one need not go on', () => cancelled === 1)
  })

  it('ends with a quorum or a number, and cancels the rest', async () => {
    let cancelled = 0
    const waits: Handler = (_ask, { signal }) =>
      new Promise(() => signal.addEventListener('abort', () => cancelled++))
    const { caller } = await shops({ a: plain('a', 1), b: plain('b', 2), c: waits })
    const { quote } = caller.client(Quotes, { timeoutMs: 20_000 })
    const quorum = await quote({ sku: 'tea' }, { until: 'quorum' })
    expect(names(quorum.answers)).toEqual(['a', 'b'])
    expect(quorum).toMatchObject({
      silent: [{ from: { name: 'c' }, why: 'unneeded' }],
      enough: true,
    })
    await until('the third need not go on', () => cancelled === 1)
    const one = await quote({ sku: 'tea' }, { until: 1 })
    expect(one.answers).toHaveLength(1)
    expect(one.silent.map(({ why }) => why)).toEqual(['unneeded', 'unneeded'])
    const many = await quote({ sku: 'tea' }, { until: 9, withinMs: 60 })
    expect(many).toMatchObject({ enough: false, silent: [{ why: 'late' }] })
    expect(caller.stats().pendingRequests).toBe(0)
  })

  it('gives answers as they come, and leaving the loop cancels the rest', async () => {
    let cancelled = 0
    const free: (() => void)[] = []
    const { caller } = await shops({
      first: plain('first', 1),
      second: () => new Promise((resolve) => free.push(() => resolve({ by: 'second', price: 2 }))),
      never: (_ask, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => cancelled++)),
    })
    const seen: string[] = []
    for await (const { from } of caller.client(Quotes).quote.each({ sku: 'tea' })) {
      seen.push(from.name)
      if (from.name === 'second') break
      await until('the second is asked', () => free.length === 1)
      free[0]?.()
    }
    expect(seen).toEqual(['first', 'second'])
    await until('the third need not go on', () => cancelled === 1)
    const all: string[] = []
    const within = { withinMs: 80 }
    for await (const { from } of caller.client(Quotes).quote.each({ sku: 'tea' }, within)) {
      all.push(from.name)
    }
    expect(all).toEqual(['first'])
  })

  it('may go to many, and Node has nothing to warn of', async () => {
    const warnings: Error[] = []
    const take = (warning: Error) => void warnings.push(warning)
    process.on('warning', take)
    const many = Array.from({ length: 14 }, (_, at) => `shop ${at}`)
    const { caller } = await shops(
      Object.fromEntries(many.map((name, at) => [name, plain(name, at)])),
    )
    const { answers } = await caller.client(Quotes).quote({ sku: 'tea' })
    expect(names(answers)).toEqual([...many].sort())
    process.off('warning', take)
    expect(warnings).toEqual([])
  })

  it('rejects what does not fit, nobody to ask, options that cannot be, and a signal', async () => {
    const nobody = await testPeer({ name: 'nobody', mesh: randomMesh() })
    const alone = nobody.client(Quotes).quote({ sku: 'tea' }, { withinMs: 20 })
    expect(await failure(alone)).toMatchObject({ code: 'EARSHOT_NO_SERVER' })
    const { caller } = await shops({ slow: () => new Promise(() => undefined) })
    const { quote } = caller.client(Quotes)
    const unfit = { code: 'EARSHOT_BODY_INVALID', path: '/sku' }
    expect(await failure(quote({ sku: '' }))).toMatchObject(unfit)
    const invalid = { code: 'EARSHOT_OPTION_INVALID' }
    for (const options of [{ until: 0 }, { until: 'most' as never }, { withinMs: -1 }]) {
      expect(await failure(quote({ sku: 'tea' }, options))).toMatchObject(invalid)
      expect(() => quote.each({ sku: 'tea' }, options)).toThrow(expect.objectContaining(invalid))
    }
    const controller = new AbortController()
    const asked = failure(quote({ sku: 'tea' }, { signal: controller.signal }))
    const each = failure(quote.each({ sku: 'tea' }, { signal: controller.signal }).next())
    await until('both are asked', () => caller.stats().pendingRequests === 2)
    controller.abort()
    expect(await asked).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'unknown' })
    expect(await each).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'unknown' })
    const aborted = quote({ sku: 'tea' }, { signal: AbortSignal.abort() })
    expect(await failure(aborted)).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'no' })
  })
})
