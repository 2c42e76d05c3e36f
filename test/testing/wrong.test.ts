// What the test kit refuses, with the path of what is wrong: a typing error is no rule, no weather.

import { contract, request } from 'earshot'
import { createVirtualClock, createWorld, mockPeer } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure } from '../support/peers.ts'
import { testWorld } from '../support/world.ts'

const Id = Type.Object({ id: Type.Integer() })
const Echo = contract('test.echo', '1.0.0', { ask: request(Id, Id) })

const rows: readonly (readonly [path: string, what: () => unknown])[] = [
  ['/conditions/latencyMs', () => createWorld({ conditions: { latencyMs: -1 } })],
  ['/conditions/latency', () => createWorld({ conditions: { latency: 1 } as object })],
  ['/conditions/dropRate', () => createWorld({ conditions: { dropRate: 3 } })],
  ['/conditions/bytesPerMs', () => createWorld({ conditions: { bytesPerMs: 0 } })],
  ['/work', () => testWorld().run(undefined as never)],
  ['/limitMs', () => testWorld().run(async () => 1, Number.NaN)],
  ['/ms', () => testWorld().advance(-1)],
  ['/ms', () => testWorld().advance(Number.NaN)],
  ['/side', () => testWorld().part({} as never, [])],
  ['/channel', () => testWorld().fail(Echo as never)],
  ['/channel', () => testWorld().fail(undefined as never)],
  ['/rule', () => testWorld().fail(Echo.ask, 5 as never)],
  ['/rat', () => testWorld().fail(Echo.ask, { rat: 0.3 } as object)],
  ['/contract', () => testWorld().mockPeer(undefined as never)],
  ['/listen', () => testWorld().createPeer({ name: 'a', listen: 'lan' } as never)],
  ['/security', () => testWorld().createPeer({ name: 'a', security: {} } as never)],
  ['/answers/plaice', () => testWorld().mockPeer(Echo, { answers: { plaice: () => 1 } as object })],
  ['/answers/ask', () => testWorld().mockPeer(Echo, { answers: { ask: { id: 1 } } as never })],
  ['/items', () => mockPeer(Echo, { items: -1 })],
  ['/seed', () => mockPeer(Echo, { seed: 0.5 })],
  ['/startMs', () => createVirtualClock(Number.NaN)],
  ['/byMs', () => createVirtualClock().advance(-1)],
]

describe('the test kit', () => {
  it.each(rows)('refuses what cannot be, at %s', async (path, what) => {
    const error = await failure((async () => what())())
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
  })

  it('refuses what lies between two peers of a world as it does for all', async () => {
    const world = testWorld()
    const [a, b] = await Promise.all(['a', 'b'].map((name) => world.createPeer({ name })))
    if (!a || !b) return expect.unreachable()
    expect(() => world.between(a, b, { latencyMs: Number.NaN })).toThrow(/latencyMs/)
    world.between(a, b, { latencyMs: 20 })
  })
})
