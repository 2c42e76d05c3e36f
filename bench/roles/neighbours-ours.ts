// Owns how Earshot is a neighbour: by its provider alone, or as a whole peer.

import { createPeer, type Discovery, mdns, meshSecret, type Peer, type Security } from 'earshot'
import { type Neighbour, type Opener, type OurSystem, type Place, Seen } from './neighbours.ts'

/** Keys are made once for each process, ahead: they take 0.1 s on purpose. */
export async function openerOfOurs(system: OurSystem, place: Place): Promise<Opener> {
  if (system === 'mdns') return () => openProvider(place)
  const { directory } = place
  if (system === 'host') return () => openPeer(place, { directory, discovery: ['directory'] })
  const security = await derived(place.mesh)
  return () => openPeer(place, { directory, listen: 'lan', security, discovery: ['mdns'] })
}

async function openProvider({ mesh, address }: Place): Promise<Neighbour> {
  const seen = new Seen()
  const provider: Discovery = mdns({ scope: 'lan' })
  const stop = new AbortController()
  const { signal } = stop
  const look = async () => {
    for await (const event of provider.watch(mesh, { signal })) {
      if (event.type === 'up') seen.up(event.peer.id)
      if (event.type === 'down') seen.down(event.id)
    }
  }
  void look()
  const inbox = [`tcp://${address}:4711`]
  const record = { id: seen.id, epoch: Date.now(), seq: 0, mesh, name: 'bench', inbox, door: [] }
  const announcement = await provider.announce(record, { signal })
  return Object.assign(seen, {
    leave: async () => {
      await announcement.withdraw()
      stop.abort()
      await provider.close()
    },
  })
}

async function derived(mesh: string): Promise<Security> {
  const trust = meshSecret('all the neighbours know it')
  const opened = await trust.open(mesh)
  return { ...trust, open: async () => opened }
}

type Options = Omit<Parameters<typeof createPeer>[0], 'name' | 'mesh'>

async function openPeer({ mesh }: Place, options: Options): Promise<Neighbour> {
  const seen = new Seen()
  // The name is the id by which it is known here: its own is made when it starts.
  const peer: Peer = await createPeer({ ...options, name: seen.id, mesh })
  const look = async () => {
    for await (const change of peer.watch()) {
      if (change.type === 'up') seen.up(change.peer.name)
      if (change.type === 'down') seen.down(change.peer.name)
    }
  }
  void look()
  return Object.assign(seen, { leave: () => peer.close() })
}
