// A service that fails: its breaker opens, the caller gets the last good price or a guess, and when
// it works again it is asked again.

// #region guarded
import { contract, createPeer, request } from 'earshot'
import { Type } from 'typebox'

const Prices = contract('demo.guarded', '1.0.0', {
  of: request(Type.Object({ sku: Type.String() }), Type.Object({ price: Type.Number() }), {
    idempotent: true,
  }),
})

const shop = await createPeer({ name: 'shop', limits: { drainTimeoutMs: 50 } })
let hangs = false
let asked = 0
await shop.serve(Prices, {
  of: ({ sku }) => {
    asked++
    return hangs ? new Promise<never>(() => undefined) : { price: sku.length }
  },
})

const till = await createPeer({ name: 'till' })
const prices = till.client(Prices, {
  timeoutMs: 300,
  retry: false,
  breaker: {
    minimumCalls: 3, // so few to keep this short; the default is 20
    openMs: 1_000,
    onChange: ({ state }) => console.log(`the breaker is ${state}`),
  },
  channels: { of: { fallback: { from: (_error, { sku }) => ({ price: sku.length + 1 }) } } },
})

await till.synced()
console.log('works:', (await prices.of({ sku: 'tea' })).price)
hangs = true
for (let call = 0; call < 4; call++) console.log('hangs:', (await prices.of({ sku: 'tea' })).price)
const before = asked
await prices.of({ sku: 'tea' }) // at once, by the fallback: the shop is not asked
console.log('asked while it is open:', asked - before)

hangs = false
await new Promise((resolve) => setTimeout(resolve, 1_100))
console.log('works again:', (await prices.of({ sku: 'tea' })).price)
// #endregion

await till.close()
await shop.close()
