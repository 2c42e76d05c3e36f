// A scatter whose servers are lost at the moment of the question.

import { contract, scatter } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { testWorld } from '../support/world.ts'

const Numbered = Type.Object({ n: Type.Integer() })
const Found = contract('test.found', '1.0.0', { poll: scatter(Numbered, Numbered) })
const Newer = contract('test.found', '1.1.0', {
  poll: scatter(Type.Object({ n: Type.Integer(), more: Type.Optional(Type.String()) }), Numbered),
})

describe('a scatter whose servers are lost before they are asked', () => {
  it('asks them when they are dialled anew', async () => {
    const one = testWorld({ conditions: { latencyMs: 20, jitterMs: 0 } })
    const server = await one.createPeer({ name: 'server' })
    await server.serve(Found, { poll: (asked) => asked })
    const caller = await one.createPeer({ name: 'caller' })
    const { poll } = caller.client(Found)
    await one.advance(1_000)
    // The caller waits to know whether it can be asked: it serves another version.
    const newer = await one.createPeer({ name: 'newer' })
    await newer.serve(Newer, { poll: (asked) => asked })
    while (caller.peers().length < 2) await one.advance(1)
    const call = poll({ n: 1 })
    one.cut(caller, server)
    one.cut(caller, newer)
    expect((await one.run(call)).answers.length).toBeGreaterThan(0)
    await one.advance(1_000)
    expect((await one.run(poll({ n: 2 }))).answers).toHaveLength(2)
  })
})
