// What the compiler must accept and refuse of errors that a contract declares. Nothing here runs;
// `tsc -p test` reads it.

import { contract, isDeclared, type Peer, request, stream } from 'earshot'
import { Type } from 'typebox'
import { expectTypeOf } from 'vitest'

const Body = Type.Object({ sku: Type.String() })
const Shop = contract('types.errors', '1.0.0', {
  place: request(Body, Body, {
    errors: { OutOfStock: Type.Object({ left: Type.Integer() }), Closed: Type.Object({}) },
  }),
  watch: stream(Body, Body, { errors: { Unknown: Body } }),
  plain: request(Body, Body),
})

export async function callers(peer: Peer): Promise<void> {
  try {
    await peer.client(Shop).place({ sku: 'x' })
  } catch (error) {
    if (!isDeclared(Shop.place, error)) throw error
    expectTypeOf(error.name).toEqualTypeOf<'OutOfStock' | 'Closed'>()
    expectTypeOf(error.code).toEqualTypeOf<'EARSHOT_DECLARED'>()
    if (error.name === 'OutOfStock') expectTypeOf(error.data.left).toEqualTypeOf<number>()
    // @ts-expect-error no error of that name
    if (error.name === 'Sold') throw error
  }
}

export async function servers(peer: Peer): Promise<void> {
  await peer.serve(Shop, {
    place: (_, context) => {
      throw context.error('OutOfStock', { left: 3 })
    },
    async *watch({ sku }, context) {
      yield { sku }
      throw context.error('Unknown', { sku })
    },
    plain: (body) => body,
  })
  await peer.serve(Shop, {
    place: (_, context) => {
      // @ts-expect-error data of another type
      throw context.error('OutOfStock', { left: 'many' })
    },
    async *watch({ sku }, context) {
      yield { sku }
      // @ts-expect-error an error of another channel
      throw context.error('Closed', {})
    },
    plain: (_, context) => {
      // @ts-expect-error the channel declares none
      throw context.error('Closed', {})
    },
  })
}
