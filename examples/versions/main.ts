// Versions of one contract side by side: two minors that read each other, and the next major.

// #region versions
import { contract, createPeer, request } from 'earshot'
import { Type } from 'typebox'

const Receipt = Type.Object({ by: Type.String() })
const Orders12 = contract('shop.orders', '1.2.0', {
  place: request(Type.Object({ sku: Type.String() }), Receipt),
})
const Orders14 = contract('shop.orders', '1.4.0', {
  place: request(
    Type.Object({ sku: Type.String(), rush: Type.Boolean({ default: false }) }),
    Receipt,
  ),
})
const Orders2 = contract('shop.orders', '2.0.0', {
  place: request(Type.Object({ items: Type.Array(Type.String()) }), Receipt),
})

const server = await createPeer({ name: 'server' })
await server.serve(Orders14, { place: ({ rush }) => ({ by: `1.4, ${rush ? 'now' : 'later'}` }) })
await server.serve(Orders2, { place: ({ items }) => ({ by: `2.0, ${items.length} items` }) })

const caller = await createPeer({ name: 'caller' })
const tea = { sku: 'tea' }
console.log(await caller.client(Orders12).place(tea)) // the server reads 1.2, and fills in `rush`
console.log(await caller.client(Orders2).place({ items: ['tea', 'cup'] }))
const only = caller.client(Orders12, { version: '~1.2', timeoutMs: 500 })
await only.place(tea).catch(({ message }) => console.log(message)) // names the versions there are
// #endregion

await caller.close()
await server.close()
