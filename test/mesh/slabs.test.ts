// What frames are written into is used again; what is still on its way must not be written over.

import { contract, notification } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { testWorld } from '../support/world.ts'

const Bulk = contract('test.bulk', '1.0.0', {
  note: notification(Type.Object({ n: Type.Integer(), pad: Type.String() })),
})

const padOf = (n: number) => String.fromCharCode(97 + (n % 26)).repeat(10_000)

describe('a link with a long way', () => {
  it('brings every byte as it was written, however often its memory is used again', async () => {
    const world = testWorld({ conditions: { latencyMs: 50, jitterMs: 20, bytesPerMs: 50_000 } })
    const broken: number[] = []
    let next = 0
    const server = await world.createPeer({ name: 'server' })
    await server.serve(Bulk, {
      note: ({ n, pad }) => {
        if (n !== next++ || pad !== padOf(n)) broken.push(n)
      },
    })
    const caller = await world.createPeer({ name: 'caller' })
    await world.advance(1_000)
    const out = caller.sender(Bulk.note)
    await world.run(async () => {
      for (let n = 0; n < 1_500; n++) {
        if (!out.send({ n, pad: padOf(n) })) await out.ready()
        // A little, of which all is acknowledged; then as much at once as there is credit.
        if (n % 120 === 119) await world.advance(n < 240 ? 300 : 1)
      }
      await world.advance(5_000)
    })
    expect(next).toBe(1_500)
    expect(broken).toEqual([])
  })
})
