// A peer in a network of its own, found by the providers that it is told; says whom it knows, whose
// events it hears and who has answered its calls; asked by a line of stdin, what it has counted.

import { createInterface } from 'node:readline'
import { createPeer, gossip, mdns, meshSecret, staticPeers } from 'earshot'
import { Shop } from '../processes/fixture/shop.js'

const EVERY_MS = 100

const { name, mesh, discovery, directory, listen = 'lan', secret } = JSON.parse(process.argv[2])
const spoken = mdns()
const providers = { gossip: () => gossip(), mdns: () => spoken }
const peer = await createPeer({
  ...{ name, mesh, listen },
  security: meshSecret(secret),
  discovery: discovery.map((one) => {
    return one.includes('://') ? staticPeers([one]) : (providers[one]?.() ?? one)
  }),
  ...(directory && { directory }),
})
const known = new Map()
const lost = []
const hears = new Set()
const answers = new Set()
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)

function note(names, one) {
  if (names.has(one)) return
  names.add(one)
  tell({ hears: [...hears].sort(), answers: [...answers].sort() })
}

await peer.serve(Shop, {
  place: ({ count }) => ({ total: count, by: name }),
  slow: () => ({ by: name }),
  cancel: () => undefined,
  blob: () => undefined,
})
await peer.subscribe(Shop.placed, ({ text }) => note(hears, text))
const shop = peer.client(Shop, { timeoutMs: 1_000 })
let id = 0
setInterval(async () => {
  void peer.publish(Shop.placed, { id: id++, text: name })
  for (const { id: to } of peer.peers()) {
    const answer = await shop.place({ sku: 'x', count: 1 }, { to }).catch(() => undefined)
    if (answer) note(answers, answer.by)
  }
}, EVERY_MS)
createInterface({ input: process.stdin }).on('line', () => {
  const { counters, links } = peer.stats()
  const rss = process.memoryUsage().rss
  tell({ stats: { mdns: spoken.stats(), counters, links: links.length, rss } })
})
tell({ started: name })
for await (const { type, peer: other } of peer.watch()) {
  if (type === 'up') known.set(other.name, other.via)
  if (type === 'down') {
    known.delete(other.name)
    lost.push(other.name)
    hears.delete(other.name)
    answers.delete(other.name)
  }
  const of = { hears: [...hears].sort(), answers: [...answers].sort() }
  tell({ knows: [...known.keys()].sort(), lost, ...of })
}
