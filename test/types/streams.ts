// What the compiler must accept and refuse of streams, talks and scatter. Nothing here runs;
// `tsc -p test` reads it.

import { contract, duplex, type Peer, scatter, stream } from 'earshot'
import { Type } from 'typebox'
import { expectTypeOf } from 'vitest'

const Query = Type.Object({ sku: Type.String() })
const Item = Type.Object({ price: Type.Number() })
const Market = contract('types.market', '1.0.0', {
  watch: stream(Query, Item),
  haggle: duplex(Query, Item),
  quote: scatter(Query, Item),
})

export async function readers(peer: Peer): Promise<void> {
  const market = peer.client(Market)
  for await (const item of market.watch({ sku: 'x' }, { ahead: 3, idleMs: 5 })) {
    expectTypeOf(item).toEqualTypeOf<{ price: number }>()
  }
  // @ts-expect-error a wrong field type in the question
  market.watch({ sku: 5 })
  // @ts-expect-error a stream is no promise
  market.watch({ sku: 'x' }).then()
  const talk = market.haggle({ key: 'x' })
  talk.send({ sku: 'x' })
  // @ts-expect-error what is said is not what is said back
  talk.send({ price: 5 })
  for await (const item of talk) expectTypeOf(item).toEqualTypeOf<{ price: number }>()
  const { answers, silent } = await market.quote({ sku: 'x' }, { until: 'quorum' })
  expectTypeOf(answers[0]?.answer).toEqualTypeOf<{ price: number } | undefined>()
  expectTypeOf(silent[0]?.why).toEqualTypeOf<'late' | 'gone' | 'unneeded' | undefined>()
  // @ts-expect-error no such end
  await market.quote({ sku: 'x' }, { until: 'most' })
  for await (const { answer } of market.quote.each({ sku: 'x' })) {
    expectTypeOf(answer).toEqualTypeOf<{ price: number }>()
  }
}

export async function servers(peer: Peer): Promise<void> {
  await peer.serve(Market, {
    async *watch({ sku }, { signal }) {
      expectTypeOf(sku).toEqualTypeOf<string>()
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      yield { price: 1 }
    },
    async *haggle(said) {
      for await (const { sku } of said) yield { price: sku.length }
    },
    quote: async ({ sku }) => ({ price: sku.length }),
  })
  await peer.serve(Market, {
    // @ts-expect-error an item of another type
    async *watch() {
      yield { cost: 1 }
    },
    // @ts-expect-error an answer instead of items
    haggle: async () => ({ price: 1 }),
    quote: () => ({ price: 1 }),
  })
  // @ts-expect-error a handler is missing
  await peer.serve(Market, { watch: () => [], haggle: () => [] })
}
