// The business, as it would be without any messaging: an interface, a class, a caller. Imports
// nothing of Earshot.

export interface Shop {
  buy(order: { sku: string; count: number }): Promise<{ text: string }>
  stock(query: { sku: string }): AsyncIterable<{ count: number }>
}

/** The contract declares an error of that name. */
class OutOfStock extends Error {
  override readonly name = 'OutOfStock'
  readonly data: { readonly left: number }

  constructor(left: number) {
    super(`only ${left} left`)
    this.data = { left }
  }
}

export class TeaShop implements Shop {
  readonly #customer: string
  #left = 10

  constructor(customer: string) {
    this.#customer = customer
  }

  async buy({ sku, count }: { sku: string; count: number }) {
    if (count > this.#left) throw new OutOfStock(this.#left)
    this.#left -= count
    return { text: `${count} of ${sku} for ${this.#customer}` }
  }

  async *stock() {
    yield { count: this.#left }
  }
}

export async function visit(shop: Shop): Promise<void> {
  console.log((await shop.buy({ sku: 'tea', count: 2 })).text)
  for await (const { count } of shop.stock({ sku: 'tea' })) console.log(`stock: ${count}`)
  await shop.buy({ sku: 'tea', count: 100 })
}
