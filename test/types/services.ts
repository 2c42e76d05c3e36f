// What the compiler must accept and refuse of plain interfaces and of all events of a contract.
// Nothing here runs; `tsc -p test` reads it.

import {
  contract,
  duplex,
  event,
  notification,
  type Peer,
  request,
  type ServiceOf,
  stream,
} from 'earshot'
import { Type } from 'typebox'
import { expectTypeOf } from 'vitest'

const Body = Type.Object({ sku: Type.String() })
const Count = Type.Object({ count: Type.Integer() })
const Shop = contract('types.shop', '1.0.0', {
  place: request(Body, Count),
  cancel: notification(Body),
  watch: stream(Body, Count),
  chat: duplex(Body, Count),
  placed: event(Body),
  counted: event(Count),
})
const Plain = contract('types.plain', '1.0.0', {
  place: request(Body, Count),
  cancel: notification(Body),
  watch: stream(Body, Count),
})

interface PlainShop {
  place(body: { sku: string }): Promise<{ count: number }>
  cancel(body: { sku: string }): Promise<unknown>
  watch(body: { sku: string }): AsyncIterable<{ count: number }>
}

class Implementation implements ServiceOf<typeof Plain> {
  readonly #count = 1

  async place() {
    return { count: this.#count }
  }

  async cancel() {
    return this.#count
  }

  async *watch() {
    yield { count: this.#count }
  }
}

class Half {
  async place() {
    return { count: 1 }
  }
}

export async function services(peer: Peer): Promise<void> {
  await peer.serve(Plain, new Implementation())
  const own: PlainShop = peer.client(Plain)
  const named: ServiceOf<typeof Plain> = peer.client(Plain)
  const back: PlainShop = named
  expectTypeOf<keyof ServiceOf<typeof Shop>>().toEqualTypeOf<'place' | 'cancel' | 'watch'>()
  expectTypeOf(own.place).parameter(0).toEqualTypeOf<{ sku: string }>()
  // @ts-expect-error another answer than the interface has
  const wrong: { place(body: { sku: string }): Promise<{ sku: string }> } = back
  // @ts-expect-error a class that lacks methods
  await peer.serve(Plain, new Half())
  await peer.serve(Plain, wrong as unknown as Implementation)
}

export async function events(peer: Peer): Promise<void> {
  await peer.subscribe(Shop, '*', (one, context) => {
    expectTypeOf(one.name).toEqualTypeOf<'placed' | 'counted'>()
    if (one.name === 'placed') expectTypeOf(one.body).toEqualTypeOf<{ sku: string }>()
    else expectTypeOf(one.body).toEqualTypeOf<{ count: number }>()
    expectTypeOf(context.message.causationId).toEqualTypeOf<string | undefined>()
  })
  for await (const one of await peer.subscribe(Shop, '*')) {
    if (one.name === 'counted') expectTypeOf(one.body.count).toEqualTypeOf<number>()
    // @ts-expect-error no event of that name
    if (one.name === 'place') throw new Error(one.name)
  }
  // @ts-expect-error of a contract only all events can be heard
  await peer.subscribe(Shop, 'placed', () => undefined)
}

export async function tickets(peer: Peer): Promise<void> {
  const ticket = peer.client(Shop).place.later({ sku: 'x' }, { timeoutMs: 5 })
  expectTypeOf(await ticket.answer({ timeoutMs: 5 })).toEqualTypeOf<{ count: number }>()
  expectTypeOf(await peer.client(Shop).place.claim('{}').answer()).toEqualTypeOf<{
    count: number
  }>()
  // @ts-expect-error a wrong field type
  peer.client(Shop).place.later({ sku: 5 })
  // @ts-expect-error only requests have answers that come later
  peer.client(Shop).cancel.later({ sku: 'x' })
}

export function fallbacks(peer: Peer): void {
  const Guarded = contract('types.guarded', '1.0.0', { place: request(Body, Count) })
  peer.client(Guarded, { channels: { place: { fallback: { value: { count: 1 } } } } })
  const from = (_: unknown, { sku }: { sku: string }) => ({ count: sku.length })
  peer.client(Guarded, { channels: { place: { fallback: { from } } } })
  // @ts-expect-error a fallback of another type than the answer
  peer.client(Guarded, { channels: { place: { fallback: { value: { count: 'one' } } } } })
  // @ts-expect-error no policies of a stream
  peer.client(Plain, { channels: { watch: { fallback: { value: 1 } } } })
}
