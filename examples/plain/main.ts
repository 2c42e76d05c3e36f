// A shop that knows nothing of Earshot, served and visited through it: the contract is all between.

// #region plain
import { contract, createPeer, isDeclared, request, type ServiceOf, stream } from 'earshot'
import { Type } from 'typebox'
import { type Shop, TeaShop, visit } from './shop.ts'

const Tea = contract('demo.tea', '1.0.0', {
  buy: request(
    Type.Object({ sku: Type.String(), count: Type.Integer() }),
    Type.Object({ text: Type.String() }),
    { errors: { OutOfStock: Type.Object({ left: Type.Integer() }) } },
  ),
  stock: stream(Type.Object({ sku: Type.String() }), Type.Object({ count: Type.Integer() })),
})

const keeper = await createPeer({ name: 'keeper' })
await keeper.serve(Tea, new TeaShop('ada'))

const guest = await createPeer({ name: 'guest' })
const shop: Shop & ServiceOf<typeof Tea> = guest.client(Tea)
await visit(shop).catch((error: unknown) => {
  if (!isDeclared(Tea.buy, error)) throw error
  console.log(`only ${error.data.left} left`)
})
// #endregion

await guest.close()
await keeper.close()
