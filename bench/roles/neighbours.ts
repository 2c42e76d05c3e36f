// Owns how each system is found and finds others, behind one interface, so that all are measured
// alike. Never measures: it notes when what was seen, by the clock that all processes share.

import { randomBytes } from 'node:crypto'
import { Bonjour } from 'bonjour-service'
import { createPeer, type Discovery, mdns, meshSecret, type Peer, type Security } from 'earshot'

/**
 * `mdns`: the provider alone. `peer`: by multicast, until the authenticated hello is done. `host`:
 * by the directory of the host. `bonjour`: bonjour-service.
 */
export type System = 'mdns' | 'peer' | 'host' | 'bonjour'

export interface Place {
  readonly system: System
  readonly mesh: string
  readonly directory: string
  readonly address: string
}

export interface Neighbour {
  readonly id: string
  /** When others were first seen, and seen to leave, ms of the shared clock. */
  readonly ups: ReadonlyMap<string, number>
  readonly downs: ReadonlyMap<string, number>
  leave(): Promise<void>
}

/** The monotonic clock of the machine, the same in all its processes. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Is announced and looks for others from now on. Resolves when it has started both. */
export function openNeighbour(place: Place): Promise<Neighbour> {
  if (place.system === 'mdns') return openProvider(place)
  if (place.system === 'bonjour') return openBonjour(place)
  return openPeer(place)
}

class Seen {
  readonly id: string = randomBytes(16).toString('hex')
  readonly ups = new Map<string, number>()
  readonly downs = new Map<string, number>()

  up(id: string): void {
    if (id !== this.id && !this.ups.has(id)) this.ups.set(id, nowMs())
  }

  down(id: string): void {
    if (!this.downs.has(id)) this.downs.set(id, nowMs())
  }
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

const trusts = new Map<string, Promise<Security>>()

/** Keys are made once for each process, ahead: they take 0.1 s on purpose. */
export function trustOf(mesh: string): Promise<Security> {
  const known = trusts.get(mesh) ?? derived(mesh)
  trusts.set(mesh, known)
  return known
}

async function derived(mesh: string): Promise<Security> {
  const trust = meshSecret('all the neighbours know it')
  const keys = await trust.keys(mesh)
  return { ...trust, keys: async () => keys }
}

async function openPeer({ system, mesh, directory }: Place): Promise<Neighbour> {
  const seen = new Seen()
  const beyond = { listen: 'lan', security: await trustOf(mesh), discovery: ['mdns'] } as const
  const here = { discovery: ['directory'] } as const
  // The name is the id by which it is known here: its own is made when it starts.
  const options = { name: seen.id, mesh, directory, ...(system === 'peer' ? beyond : here) }
  const peer: Peer = await createPeer(options)
  const look = async () => {
    for await (const change of peer.watch()) {
      if (change.type === 'up') seen.up(change.peer.name)
      if (change.type === 'down') seen.down(change.peer.name)
    }
  }
  void look()
  return Object.assign(seen, { leave: () => peer.close() })
}

async function openBonjour({ address }: Place): Promise<Neighbour> {
  const seen = new Seen()
  // Without the interface it finds nobody where there is no default route. Its options are those of
  // multicast-dns, which its types do not show.
  const bonjour = new Bonjour({ interface: address, bind: '0.0.0.0' } as object)
  const type = 'earshot'
  const browser = bonjour.find({ type }, (service) => seen.up(service.name))
  browser.on('down', (service: { name: string }) => seen.down(service.name))
  bonjour.publish({ name: seen.id, type, port: 4_711, host: `${seen.id.slice(0, 16)}.local` })
  return Object.assign(seen, {
    leave: async () => {
      await new Promise<void>((resolve) => bonjour.unpublishAll(() => resolve()))
      await new Promise<void>((resolve) => bonjour.destroy(() => resolve()))
    },
  })
}
