// One request, many answers: ticks of a market, made no quicker than they are read.

// #region ticks
import { contract, createPeer, stream } from 'earshot'
import { Type } from 'typebox'

const Market = contract('demo.market', '1.0.0', {
  ticks: stream(
    Type.Object({ symbol: Type.String() }),
    Type.Object({ at: Type.Integer(), price: Type.Number() }),
  ),
})

const exchange = await createPeer({ name: 'exchange' })
await exchange.serve(Market, {
  async *ticks({ symbol }) {
    try {
      for (let at = 0; ; at++) yield { at, price: 100 + Math.sin(at) } // waits for its reader
    } finally {
      console.log(`nobody reads ${symbol} any more`)
    }
  },
})

const trader = await createPeer({ name: 'trader' })
const symbol = 'TEA'
for await (const { at, price } of trader.client(Market).ticks({ symbol }, { ahead: 16 })) {
  console.log(at, price.toFixed(2))
  if (at === 4) break // the generator's `finally` runs, over there
}
// #endregion

await trader.close()
await exchange.close()
