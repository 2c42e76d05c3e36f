// Owns the values: 64 of each shape, realistic, the same in every run and every process.
// Never loads Earshot: the processes that measure a library hold that library alone.

import type { ShapeName } from './shape-names.ts'
import type { Values } from './shapes.ts'

export const valueCount = 64
const seed = 0x5eed_ea75
const firstMs = Date.UTC(2026, 2, 2, 8, 0, 0)
const textLength = 3_930

type Random = () => number

/** 64 values of one shape, in an order that never changes. */
export function valuesOf<N extends ShapeName>(shape: N): Values[N][] {
  const random = createRandom(seed ^ shape.length ^ (shape.charCodeAt(1) << 8))
  const make = makers[shape] as (random: Random, index: number) => Values[N]
  return Array.from({ length: valueCount }, (_, index) => make(random, index))
}

/** Mulberry32: small, well spread, and the same on every machine. */
function createRandom(start: number): Random {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const makers: { readonly [N in ShapeName]: (random: Random, index: number) => Values[N] } = {
  tiny: (random) => ({
    sensor: whole(random, 1, 9_999),
    event: pick(random, ['open', 'close', 'motion', 'alarm', 'test']),
    active: random() < 0.6,
  }),
  tick: makeTick,
  order: makeOrder,
  telemetry: (random, index) => ({
    device: `press-${whole(random, 10, 99)}/spindle`,
    startedAt: firstMs + index * 10_000,
    intervalMs: 50,
    // Random mantissas: readings of few digits would be shorter as text than as doubles.
    samples: Array.from({ length: 200 }, () => 20 + random() * 60),
  }),
  text: (random, index) => ({
    id: `doc-${String(index).padStart(4, '0')}`,
    language: pick(random, ['fr', 'de', 'es', 'en']),
    revision: whole(random, 1, 40),
    text: makeText(random),
  }),
}

function makeTick(random: Random, index: number): Values['tick'] {
  const bid = cents(20 + random() * 400)
  return {
    symbol: pick(random, ['AAPL', 'MSFT', 'SAP', 'ASML', 'NESN', 'SIE', 'AIR', 'OR']),
    venue: pick(random, ['XNAS', 'XETR', 'XAMS', 'XPAR']),
    at: firstMs + index * 137 + whole(random, 0, 99),
    sequence: 8_812_000_000 + index * 3,
    bid,
    ask: cents(bid + 0.01 + random() * 0.2),
    bidSize: whole(random, 1, 90) * 100,
    askSize: whole(random, 1, 90) * 100,
  }
}

type Address = Values['order']['shipTo']

function makeAddress(random: Random): Address {
  return {
    name: `${pick(random, givenNames)} ${pick(random, familyNames)}`,
    street: `${pick(random, streets)} ${whole(random, 1, 180)}`,
    city: pick(random, cities),
    postcode: String(whole(random, 10_000, 99_999)),
    country: pick(random, ['DE', 'FR', 'ES', 'NL', 'CH']),
  }
}

function makeLine(random: Random): Values['order']['lines'][number] {
  return {
    sku: `SKU-${whole(random, 100_000, 999_999)}`,
    title: `${pick(random, adjectives)} ${pick(random, goods)}`,
    quantity: whole(random, 1, 6),
    unitPrice: cents(2 + random() * 180),
    taxRate: pick(random, [0.07, 0.19]),
  }
}

function makeOrder(random: Random, index: number): Values['order'] {
  const shipTo = makeAddress(random)
  const lines = Array.from({ length: whole(random, 3, 5) }, () => makeLine(random))
  const sum = (part: (line: (typeof lines)[number]) => number) =>
    cents(lines.reduce((total, line) => total + part(line), 0))
  const subtotal = sum((line) => line.quantity * line.unitPrice)
  const tax = sum((line) => line.quantity * line.unitPrice * line.taxRate)
  const shipping = subtotal > 100 ? 0 : 4.9
  const tags = ['web', 'gift', 'priority', 'returning', 'invoice'].filter(() => random() < 0.5)
  const order = {
    orderId: `2026-${String(10_417 + index * 7).padStart(8, '0')}`,
    customerId: whole(random, 1_000, 900_000),
    channel: pick(random, ['web', 'app', 'phone', 'store']),
    currency: pick(random, ['EUR', 'CHF']),
    placedAt: firstMs + index * 61_003,
    email: `${shipTo.name.toLowerCase().replace(' ', '.')}@example.org`,
    newCustomer: random() < 0.2,
    shipTo,
    lines,
    tags,
    subtotal,
    shipping,
    tax,
    total: cents(subtotal + tax + shipping),
  }
  // Optional fields come and go: half of the orders have one or another.
  return {
    ...order,
    ...(random() < 0.25 ? { billTo: makeAddress(random) } : {}),
    ...(random() < 0.3 ? { voucher: `SPRING-${whole(random, 1_000, 9_999)}` } : {}),
    ...(random() < 0.2 ? { note: 'Please ring twice; the bell is quiet.' } : {}),
  }
}

function makeText(random: Random): string {
  const words: string[] = []
  for (let length = 0; length < textLength; ) {
    const word = pick(random, random() < 0.1 ? accented : plain)
    const ended = words.length % 12 === 11 ? `${word}.` : word
    words.push(ended)
    length += ended.length + 1
  }
  return words.join(' ')
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T
}

function whole(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}

function cents(amount: number): number {
  return Math.round(amount * 100) / 100
}

const list = (words: string) => words.split(' ')
const givenNames = list('Anna Jonas Marie Luca Sofia Emil Nora Pablo Ines Hugo Clara Oskar')
const familyNames = list('Weber Martin Dubois Rossi Keller Vogel Moreau Jansen Silva Brandt')
const streets = ['Hauptstrasse', 'Rue de la Gare', 'Calle Mayor', 'Dorpsstraat', 'Am Markt']
const cities = list('Freiburg Lyon Valencia Utrecht Basel Kassel Nantes Leiden')
const adjectives = list('Oak Linen Steel Ceramic Woollen Folding Rechargeable Cast-iron')
const goods = list('lamp table kettle blanket notebook bicycle-bell bookshelf pan rucksack')
const plain = list(
  'the message was sent to all who listen and each of them answered in turn with what it knew ' +
    'of order price stock place time before another one could begin because nothing waits here ' +
    'for a server in between only peers that hear other peers near enough to speak without ' +
    'being asked twice about the same thing over lines that break now then mend again as always',
)
const accented = list(
  'café naïve Straße über façade jalapeño señor crème brûlée Zürich déjà piñata Ångström ' +
    'smörgåsbord résumé fiancée doppelgänger Köln mañana garçon',
)
