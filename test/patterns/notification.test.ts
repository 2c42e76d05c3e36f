// Notifications that wait for credit: when they end, and what they say of themselves.

import { contract, notification } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure } from '../support/peers.ts'
import { testWorld } from '../support/world.ts'

const Found = contract('test.found', '1.0.0', {
  note: notification(Type.Object({ n: Type.Integer(), pad: Type.String() })),
})

describe('a notification that was cancelled while it waited for credit', () => {
  it('does not say that it was never sent: it leaves all the same', async () => {
    const one = testWorld()
    const handled: number[] = []
    const server = await one.createPeer({ name: 'server', limits: { creditBytes: 4_096 } })
    await server.serve(Found, {
      note: async ({ n }) => {
        handled.push(n)
        await one.advance(500)
      },
    })
    const caller = await one.createPeer({ name: 'caller' })
    await one.advance(100)
    const pad = 'x'.repeat(4_000)
    const client = caller.client(Found)
    await one.run(client.note({ n: 1, pad }))
    await one.run(client.note({ n: 2, pad }))
    const control = new AbortController()
    const call = failure(client.note({ n: 3, pad }, { signal: control.signal }))
    await one.advance(100)
    expect(handled).not.toContain(3)
    control.abort()
    const error = await one.run(call)
    await one.advance(5_000)
    expect(handled).toEqual([1, 2, 3])
    expect(error).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'unknown' })
  })
})

describe('a notification that waits for a server, and then for credit', () => {
  it('ends with its time-out all the same', async () => {
    const one = testWorld()
    const caller = await one.createPeer({ name: 'caller' })
    const client = caller.client(Found)
    const pad = 'x'.repeat(4_000)
    for (let n = 1; n <= 2; n++) void client.note({ n, pad }, { timeoutMs: 10_000 })
    const call = client.note({ n: 3, pad }, { timeoutMs: 1_000 })
    await one.advance(800)
    const server = await one.createPeer({ name: 'server', limits: { creditBytes: 4_096 } })
    const note = () => one.advance(5_000)
    await server.serve(Found, { note })
    const verdict = await one.run(call)
    expect(verdict.became).toBe('queued')
    expect(one.nowMs).toBeLessThanOrEqual(1_002)
  })
})
