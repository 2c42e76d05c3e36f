// A service of one's own, proved in a simulated world: what it needs is mocked, fails, and is gone.

// #region testing
import { contract, type Peer, request } from 'earshot'
import { createWorld } from 'earshot/testing'
import { Type } from 'typebox'

const Order = Type.Object({ sku: Type.String() })
const Stock = contract('demo.stock', '1.0.0', {
  reserve: request(Order, Type.Object({ shelf: Type.Integer() }), { idempotent: true }),
})
const Shop = contract('demo.shop', '1.0.0', {
  buy: request(Order, Type.Object({ text: Type.String() })),
})

/** The service under test takes a peer, and does not ask whose. */
async function openShop(peer: Peer) {
  const stock = peer.client(Stock, { timeoutMs: 300, retry: { tries: 5 } })
  const buy = async (order: { sku: string }) => {
    const { shelf } = await stock.reserve(order)
    return { text: `${order.sku} from shelf ${shelf}` }
  }
  await peer.serve(Shop, { buy })
}

const world = createWorld({ seed: 7 }) // the same seed, the same run
const stock = await world.mockPeer(Stock, { answers: { reserve: () => ({ shelf: 3 }) } })
const shop = await world.createPeer({ name: 'shop' })
await openShop(shop)
const buyer = await world.createPeer({ name: 'buyer' })
const { buy } = buyer.client(Shop)

await world.run(async () => {
  console.log((await buy({ sku: 'tea' })).text) // in here time moves, as fast as it can
  const failing = world.fail(Stock.reserve, { rate: 0.3, code: 'EARSHOT_OVERLOADED' })
  for (let left = 10; left > 0; left--) await buy({ sku: 'cup' })
  console.log(`${stock.calls.reserve.length} reserved, although ${failing.count} failed`)
  failing.end()

  world.part([shop], [stock.peer]) // packets vanish, and nobody is told
  await buy({ sku: 'tea' }).catch(({ code, message }) => console.log(code, message))
  world.heal()
  await world.advance(10_000)
  console.log((await buy({ sku: 'pot' })).text)
})
await world.close()
// #endregion
