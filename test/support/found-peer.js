// A peer in a network of its own, found by the providers that it is told; says whom it knows.

import { createPeer, gossip, meshSecret } from 'earshot'

const { name, mesh, discovery, directory } = JSON.parse(process.argv[2])
const peer = await createPeer({
  name,
  mesh,
  listen: 'lan',
  security: meshSecret('all that look for each other know it'),
  discovery: discovery.map((one) => (one === 'gossip' ? gossip() : one)),
  ...(directory && { directory }),
})
const known = new Map()
const lost = []
process.stdout.write(`${JSON.stringify({ started: name })}\n`)
for await (const { type, peer: other } of peer.watch()) {
  if (type === 'up') known.set(other.name, other.via)
  if (type === 'down') {
    known.delete(other.name)
    lost.push(other.name)
  }
  process.stdout.write(`${JSON.stringify({ knows: [...known.keys()].sort(), lost })}\n`)
}
