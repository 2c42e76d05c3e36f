// What became of a send: each word is said only when it is so.

import { contract, event, notification } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'
import { startServing } from './support/processes.ts'

const Id = Type.Object({ id: Type.Integer() })
const Steps = contract('test.steps', '1.0.0', {
  step: notification(Id),
  done: event(Id, { key: 'id' }),
})

function gate(): { promise: Promise<void>; open: () => void } {
  let open: () => void = () => undefined
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

describe('the verdict on a notification', () => {
  it('is queued, written, received or handled, when that is so and not before', async () => {
    const [a, b] = await pairOf()
    const { promise, open } = gate()
    const seen: number[] = []
    await a.serve(Steps, {
      step: ({ id }) => {
        seen.push(id)
        return promise
      },
    })
    const steps = b.client(Steps)
    expect(await steps.step({ id: 1 }, { until: 'queued' })).toEqual({ became: 'queued', to: a.id })
    expect(await steps.step({ id: 2 })).toEqual({ became: 'written', to: a.id })
    const received = await steps.step({ id: 3 }, { until: 'received' })
    expect([received.became, seen]).toEqual(['received', [1, 2, 3]])
    let handled = false
    const waiting = steps.step({ id: 4 }, { until: 'handled' }).then((verdict) => {
      handled = true
      return verdict
    })
    await until('it is under way', () => seen.length === 4)
    expect(handled).toBe(false)
    open()
    expect(await waiting).toEqual({ became: 'handled', to: a.id })
  })

  it('is an error when its handler fails, is late, or its peer is gone', async () => {
    const mesh = randomMesh()
    const b = await testPeer({ name: 'b', mesh })
    const server = await testPeer({ name: 'a', mesh, limits: { drainTimeoutMs: 100 } })
    const service = await server.serve(Steps, {
      step: ({ id }) => {
        if (id === 1) throw new Error('no step')
        return new Promise<void>(() => undefined)
      },
    })
    const steps = b.client(Steps)
    const handled = (id: number, timeoutMs = 5_000) =>
      failure(steps.step({ id }, { until: 'handled', timeoutMs }))
    const failed = await handled(1)
    expect(failed).toMatchObject({ code: 'EARSHOT_REMOTE', sent: 'unknown' })
    expect(failed.message).toMatch(/no step/)
    expect(await handled(2, 50)).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
    await service.close()
    expect(server.stats().channels[0]).toMatchObject({ received: 2 })
  })

  it('is dropped by the receiver, with the reason, when that refuses it', async () => {
    const [a, b] = await pairOf({ limits: { maxConcurrentHandlers: 1, drainTimeoutMs: 100 } })
    await a.serve(Steps, { step: () => new Promise<void>(() => undefined) })
    const steps = b.client(Steps)
    await steps.step({ id: 1 }, { until: 'received' })
    expect(await steps.step({ id: 2 }, { until: 'received' })).toEqual({
      ...{ became: 'dropped', by: 'receiver' },
      ...{ why: 'EARSHOT_OVERLOADED', to: a.id },
    })
    expect(a.stats().channels[0]).toMatchObject({ received: 1, dropped: 1 })
  })

  it('is dropped when the link is lost before it left', async () => {
    const mesh = randomMesh()
    const server = await startServing(mesh, 'server', { limits: { creditBytes: 4_096 } })
    const peer = await testPeer({ name: 'sender', mesh })
    const Blobs = contract('test.shop', '1.2.0', {
      blob: notification(Type.Unsafe<Uint8Array>({ type: 'string', contentEncoding: 'base64' })),
    })
    const { blob } = peer.client(Blobs)
    await blob(new Uint8Array(10), { until: 'received' })
    server.kill('SIGSTOP')
    const body = new Uint8Array(3_000)
    const verdicts = Array.from({ length: 8 }, () => blob(body, { timeoutMs: 20_000 }))
    await new Promise((resolve) => setImmediate(resolve))
    server.kill('SIGKILL')
    const became = (await Promise.all(verdicts)).map((verdict) => verdict.became)
    expect(became[0]).toBe('written')
    expect(await verdicts.at(-1)).toMatchObject({ by: 'sender', why: 'link-lost' })
    const lost = became.filter((word) => word === 'dropped').length
    expect(peer.stats().channels[0]).toMatchObject({ sent: 9, dropped: lost })
  })
})

describe('the verdict on an event', () => {
  it('counts the subscriptions that have it, and those through with it', async () => {
    const mesh = randomMesh()
    const a = await testPeer({ name: 'a', mesh })
    const { promise, open } = gate()
    const peers = []
    for (const codec of ['json', 'avro'] as const) {
      const peer = await testPeer({ name: codec, mesh, codecs: [codec] })
      peers.push(peer)
      await peer.subscribe(Steps.done, () => promise)
    }
    await peers[0]?.subscribe(Steps.done, () => undefined, { key: '7' })
    await until('all listen', () => a.publisher(Steps.done).listeners === 3)
    const publish = (id: number, how: 'received' | 'handled') =>
      a.publish(Steps.done, { id }, { until: how, headers: { k: 'v' } })
    const all = { silent: 0, refused: 0 }
    expect(await publish(7, 'received')).toEqual({ became: 'received', listeners: 3, ...all })
    const handled = publish(8, 'handled')
    expect(await Promise.race([handled, 'waits'])).toBe('waits')
    open()
    expect(await handled).toEqual({ became: 'handled', listeners: 2, ...all })
  })

  it('tells those that refuse and those that stay silent apart', async () => {
    const mesh = randomMesh()
    const a = await testPeer({ name: 'a', mesh })
    const b = await testPeer({ name: 'b', mesh })
    const c = await testPeer({ name: 'c', mesh })
    await b.subscribe(Steps.done, () => Promise.reject(new Error('not me')))
    await c.subscribe(Steps.done, () => new Promise(() => undefined))
    await until('both listen', () => a.publisher(Steps.done).listeners === 2)
    const how = { until: 'handled', timeoutMs: 200 } as const
    expect(await a.publish(Steps.done, { id: 1 }, how)).toEqual({
      ...{ became: 'handled', listeners: 0, refused: 1, silent: 1 },
    })
  })

  it('is dropped, and nobody is asked, when nobody listens', async () => {
    const [a] = await pairOf()
    expect(await a.publish(Steps.done, { id: 1 }, { until: 'handled' })).toMatchObject({
      became: 'dropped',
      why: 'no-listeners',
    })
  })
})
