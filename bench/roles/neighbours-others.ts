// Owns how the packages that a user would take instead are neighbours: with what they do by
// default, and told no more than they need to find anybody without a default route.

import { createRequire } from 'node:module'
import { type Neighbour, type Opener, type OtherSystem, type Place, Seen } from './neighbours.ts'

const require = createRequire(import.meta.url)

/** Loads the one package that is measured, ahead: loading is in no figure. */
export async function openerOfOther(system: OtherSystem, place: Place): Promise<Opener> {
  if (system === 'bonjour') return openerOfBonjour(place)
  if (system === 'cote') return openerOfCote(place)
  return openerOfMoleculer(place)
}

async function openerOfBonjour({ address }: Place): Promise<Opener> {
  const { Bonjour } = await import('bonjour-service')
  return async () => {
    const seen = new Seen()
    // Without the interface it finds nobody where there is no default route. Its options are those
    // of multicast-dns, which its types do not show.
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
}

/** What is used of cote, which brings no types. */
interface Cote {
  Subscriber: new (
    advertisement: { name: string },
    discovery: { broadcast: string; log: boolean },
  ) => {
    readonly discovery: {
      on(event: 'added' | 'removed', see: (node: CoteNode) => void): void
    }
    close(): void
  }
}

interface CoteNode {
  readonly advertisement: { readonly name: string }
}

async function openerOfCote({ address }: Place): Promise<Opener> {
  const { Subscriber } = require('cote') as Cote
  // By default it sends to 255.255.255.255, which needs a default route: without, each hello fails
  // (ENETUNREACH), and it says nothing. So does joining a group (ENODEV).
  const broadcast = address.replace(/\d+$/, '255')
  return async (): Promise<Neighbour> => {
    const seen = new Seen()
    const component = new Subscriber({ name: seen.id }, { broadcast, log: false })
    // Not of the component: those are about the kinds of components that it would link to.
    component.discovery.on('added', ({ advertisement }) => seen.up(advertisement.name))
    component.discovery.on('removed', ({ advertisement }) => seen.down(advertisement.name))
    return Object.assign(seen, { leave: async () => component.close() })
  }
}

async function openerOfMoleculer({ mesh }: Place): Promise<Opener> {
  const { ServiceBroker } = await import('moleculer')
  // The namespaces of one machine have one host name, which it would dial.
  const transporter = { type: 'TCP', options: { useHostname: false } }
  return async () => {
    const seen = new Seen()
    const options = { namespace: mesh, nodeID: seen.id, logger: false, transporter }
    const broker = new ServiceBroker(options)
    broker.localBus.on('$node.connected', ({ node }) => seen.up(node.id))
    broker.localBus.on('$node.disconnected', ({ node }) => seen.down(node.id))
    await broker.start()
    return Object.assign(seen, { leave: () => broker.stop() })
  }
}
