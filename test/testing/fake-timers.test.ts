// Fake timers of a test runner beside worlds, and beside peers on real sockets: they move the own
// code of the test, and keep neither from going on.

import { contract, request } from 'earshot'
import { createWorld } from 'earshot/testing'
import { Type } from 'typebox'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { pairOf } from '../support/peers.ts'

const Id = Type.Object({ id: Type.Integer() })
const Echo = contract('test.echo', '1.0.0', { ask: request(Id, Id) })

afterEach(() => void vi.useRealTimers())

describe('under fake timers', () => {
  it('a world moves as ever', async () => {
    vi.useFakeTimers()
    const world = createWorld()
    await world.mockPeer(Echo, { answers: { ask: (body) => world.advance(50).then(() => body) } })
    const caller = await world.createPeer({ name: 'caller' })
    expect(await world.run(caller.client(Echo).ask({ id: 1 }))).toEqual({ id: 1 })
    await world.close()
  })

  it('real peers answer, and end what nobody answers', async () => {
    const [server, caller] = await pairOf({ limits: { drainTimeoutMs: 50 } })
    await server.serve(Echo, { ask: (body) => (body.id > 0 ? body : new Promise(() => undefined)) })
    const { ask } = caller.client(Echo, { timeoutMs: 100 })
    await ask({ id: 1 }, { timeoutMs: 10_000 })
    vi.useFakeTimers()
    expect(await ask({ id: 2 }, { timeoutMs: 10_000 })).toEqual({ id: 2 })
    await expect(ask({ id: 0 })).rejects.toMatchObject({ code: 'EARSHOT_TIMEOUT' })
  })
})
