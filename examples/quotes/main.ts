// One question, an answer from everybody who serves it: the best of several prices.

// #region quotes
import { contract, createPeer, scatter } from 'earshot'
import { Type } from 'typebox'

const Prices = contract('demo.prices', '1.0.0', {
  quote: scatter(Type.Object({ sku: Type.String() }), Type.Object({ price: Type.Number() })),
})

const shop = async (name: string, quote: () => Promise<{ price: number }>) => {
  const peer = await createPeer({ name, limits: { drainTimeoutMs: 100 } })
  await peer.serve(Prices, { quote })
  return peer
}
const shops = [
  await shop('corner', async () => ({ price: 3.2 })),
  await shop('market', async () => ({ price: 2.9 })),
  await shop('asleep', () => new Promise(() => undefined)),
  await shop('closed', () => Promise.reject(new Error('come back tomorrow'))),
]

const buyer = await createPeer({ name: 'buyer' })
await buyer.synced() // whoever is there by now is asked
const { quote } = buyer.client(Prices)
const { answers, silent, failed } = await quote({ sku: 'tea' }, { withinMs: 300, until: 'all' })
const [best] = answers.toSorted((one, other) => one.answer.price - other.answer.price)
console.log(`${best?.from.name} sells for ${best?.answer.price}`)
for (const { from, why } of silent) console.log(`${from.name}: ${why}`)
for (const { from, error } of failed) console.log(`${from.name}: ${error.code}`)

for await (const { answer } of quote.each({ sku: 'tea' }, { until: 1 })) {
  console.log(answer.price < 4 ? 'cheap enough' : 'too dear') // the others are cancelled
}
// #endregion

await buyer.close()
await Promise.all(shops.map((peer) => peer.close()))
