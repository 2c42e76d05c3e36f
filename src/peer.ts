// Owns the composition: fills in defaults, joins the parts, and takes them apart again at the end.
// Never does a part's work.

import type { Clock } from './base/clock.ts'
import { reportFault } from './base/diagnostics.ts'
import { EarshotError, toEarshotError } from './base/errors.ts'
import { createDiscoverer, type Discoverer } from './discovery/aggregator.ts'
import { announceThrough } from './discovery/announce-through.ts'
import { directory } from './discovery/directory.ts'
import { Gossip } from './discovery/gossip.ts'
import { mdns } from './discovery/mdns/mdns.ts'
import type { Discovery, PeerRecord } from './discovery/provider.ts'
import { Catalog } from './mesh/catalog.ts'
import { createControl } from './mesh/control.ts'
import { createCounters } from './mesh/counters.ts'
import { mostOnItsWayBytes } from './mesh/credit.ts'
import { joinGossip } from './mesh/gossip-links.ts'
import { boundId } from './mesh/introduction.ts'
import { Mesh } from './mesh/mesh.ts'
import { Policies } from './patterns/client-policies.ts'
import { DoorCalls, refuseDoorCall } from './patterns/door-calls.ts'
import { Events } from './patterns/event.ts'
import { RouteFinder } from './patterns/find-route.ts'
import { Notifications } from './patterns/notification.ts'
import { Requests } from './patterns/request.ts'
import { Scatters } from './patterns/scatter.ts'
import { Serving } from './patterns/serving.ts'
import { Streams } from './patterns/stream.ts'
import { StreamServing } from './patterns/stream-serving.ts'
import { Talks } from './patterns/talks.ts'
import { TicketServing } from './patterns/ticket-serving.ts'
import { Tickets } from './patterns/tickets.ts'
import { type FindGround, type Ground, thisMachine } from './peer-ground.ts'
import { type ResolvedOptions, resolveOptions } from './peer-options.ts'
import { Places } from './peer-places.ts'
import { RunningPeer } from './peer-running.ts'
import { statsOf } from './peer-stats.ts'
import type { Peer, PeerOptions } from './peer-types.ts'
import { type Access, createAccess, outletRule } from './security/access.ts'
import { textOfKey } from './security/keys.ts'
import type { Transport } from './transport/transport.ts'
import type { Hello } from './wire/hello.ts'
import { PROTOCOL_VERSION } from './wire/record.ts'

/**
 * Starts a peer: binds its sockets, announces it and looks for others. Resolves when it can be
 * found; others may be known a few ms later (`watch`). Close it, or use `await using`.
 * @throws EARSHOT_OPTION_INVALID, EARSHOT_INSECURE_LISTEN, EARSHOT_RUNTIME_DIR,
 * EARSHOT_ADDRESS_IN_USE, EARSHOT_BINDING, EARSHOT_TRUST_INVALID, EARSHOT_SECURITY
 */
export async function createPeer(options: PeerOptions): Promise<Peer> {
  return createPeerOn(options, thisMachine)
}

/** As `createPeer`, on another ground than this machine: a simulated one. */
export async function createPeerOn(options: PeerOptions, find: FindGround): Promise<Peer> {
  const resolved = resolveOptions(options)
  if (resolved.only) warnOf(resolved)
  const ground = await find(resolved, options)
  const { clock, trust, folder } = ground
  const access = createAccess(options.allow, trust?.personal === true)
  const mayHear = (key: string) => access.passes(outletRule, trust?.find(key))
  const transport = await ground.transport(resolved.limits, mayHear)
  const start = new Start(resolved, transport, ground, access)
  const discoverer = start.discoverer(providers(resolved, options, folder, start.mesh))
  // The first answers are here when the sockets are proven.
  discoverer.look()
  const places = await start.bind(folder).catch(async (error: unknown) => {
    await discoverer.stop()
    throw error
  })
  start.mesh.start()
  await discoverer.start(places.here)
  if (!resolved.local) {
    places.follow(clock, ({ inbox, door }) => void discoverer.update({ inbox, door }))
  }
  const { name, mesh: meshName, limits } = resolved
  trust?.watch(clock, (lost) => start.trustChanged(lost))
  const { id, epoch, mesh, requests, notifications, events, serving, policies } = start
  const { talks, streams, streamServing, scatters } = start
  const { tickets, ticketServing, doorCalls } = start
  const patterns = { requests, notifications, events, serving, policies, tickets, ticketServing }
  return new RunningPeer({
    ...{ id, epoch, name, meshName, limits, clock, transport, discoverer, places, mesh },
    ...{ ...patterns, talks, streams, streamServing, scatters, doorCalls, trust },
    middleware: resolved.middleware,
  })
}

/** Aloud, once a peer: who measures or goes live with it must know. */
function warnOf({ name, only }: ResolvedOptions): void {
  const text = `peer "${name}" speaks ${only} alone, for debugging (debugJson, EARSHOT_CODEC)`
  process.emitWarning(text, 'EarshotWarning')
}

/** The parts of a peer while they are being put together. */
class Start {
  readonly id: string
  readonly epoch: number
  readonly mesh: Mesh
  readonly requests: Requests
  readonly notifications: Notifications
  readonly events: Events
  readonly serving: Serving
  readonly policies: Policies
  readonly talks: Talks
  readonly streams: Streams
  readonly scatters: Scatters
  readonly streamServing: StreamServing
  readonly tickets: Tickets
  readonly ticketServing: TicketServing
  readonly doorCalls: DoorCalls
  readonly #options: ResolvedOptions
  readonly #transport: Transport
  readonly #ground: Ground
  readonly #clock: Clock
  readonly #catalog: Catalog
  readonly #startMs: number
  /** Our public key, where we have one of our own. */
  readonly #key: string | undefined
  #places: Places | undefined

  constructor(options: ResolvedOptions, transport: Transport, ground: Ground, access: Access) {
    const { clock, random, newId, trust, host } = ground
    this.#key = trust?.personal ? trust.own.publicKey : undefined
    this.id = boundId(newId(), this.#key)
    this.#options = options
    this.#ground = ground
    this.#transport = transport
    this.#clock = clock
    this.#startMs = clock.nowMs()
    this.epoch = Math.round(clock.wallMs())
    this.#catalog = new Catalog(options, options.limits, (channel) => {
      return access.byLink(channel) !== undefined
    })
    this.mesh = new Mesh({
      transport,
      catalog: this.#catalog,
      limits: options.limits,
      counters: createCounters(),
      id: this.id,
      zone: options.zone,
      hello: () => this.#hello(),
      pulses: ground.pulses(this.id),
      ...{ clock, random, newId, host, trust, access },
    })
    const finder = new RouteFinder(this.mesh)
    this.requests = new Requests(this.mesh, finder)
    this.notifications = new Notifications(this.mesh, this.requests, finder)
    this.events = new Events(this.mesh)
    this.serving = new Serving(this.mesh)
    this.policies = new Policies(this.mesh.parts)
    this.talks = new Talks(this.mesh, finder)
    this.streams = new Streams(this.talks)
    this.scatters = new Scatters(this.mesh, this.requests, finder)
    this.streamServing = new StreamServing(this.mesh, this.talks)
    this.tickets = new Tickets(this.mesh, finder)
    this.ticketServing = new TicketServing(this.mesh, this.serving, this.tickets)
    this.doorCalls = new DoorCalls(this.mesh, this.requests, this.notifications)
  }

  async bind(folder: string | undefined): Promise<Places> {
    const { host, port, addresses } = this.#options
    const { mesh } = this
    const asked = createControl({
      mesh,
      health: () => this.#health(),
      stats: () => ({ ...statsOf(this) }),
      call: this.#key ? refuseDoorCall : (call) => this.doorCalls.call(call),
    })
    const ipcStem = this.id.slice(0, 16)
    const bound = await this.#transport.bind(
      { ipcFolder: folder, ipcStem, host, port, advertise: addresses() },
      {
        accepted: (link, frame) => mesh.membership.accepted(link, frame),
        subscribed: (prefix, on) => mesh.outlet.subscribed(prefix, on),
        asked,
        malformed: (socket, text) => mesh.strangers.malformed(socket, text),
        refused: (text) => mesh.strangers.refused(text),
      },
    )
    this.#places = new Places(bound, addresses)
    return this.#places
  }

  /** @param lost somebody is to be cut off who may be connected */
  trustChanged(lost: boolean): void {
    this.mesh.trustChanged()
    if (!lost) return
    this.#transport.reopen().catch((error: unknown) => {
      const { message, code } = toEarshotError(error)
      reportFault({ area: 'trust', text: `nobody hears us any more: ${message}`, code })
    })
  }

  discoverer(discovery: readonly Discovery[]): Discoverer {
    const { name, mesh, limits } = this.#options
    return createDiscoverer({
      providers: discovery,
      self: {
        id: this.id,
        epoch: this.epoch,
        seq: 0,
        mesh,
        name,
        inbox: [],
        door: [],
        ...this.#meta(),
      },
      mesh,
      clock: this.#clock,
      random: this.#ground.random,
      limits,
      onEvent: (event) => this.mesh.discovered(event),
    })
  }

  /** Where we are found, so is our key: a hint as all of it, which dialling us proves. */
  #meta(): { meta?: Record<string, string> } {
    return this.#key === undefined ? {} : { meta: { key: textOfKey(this.#key) } }
  }

  #hello(): Hello {
    const { name, mesh, zone, codecs, only, limits } = this.#options
    return {
      protocol: [PROTOCOL_VERSION, PROTOCOL_VERSION],
      mesh,
      id: this.id,
      epoch: this.epoch,
      name,
      pid: this.#ground.pid,
      host: this.#ground.host,
      zone,
      dialled: '',
      ...(this.#places?.told ?? { inbox: [], outlet: [], door: [] }),
      codecs: only ? [only] : codecs,
      revision: this.#catalog.revision,
      contracts: this.#catalog.offers(),
      hears: this.mesh.heard(),
      credit: limits.creditBytes,
      window: mostOnItsWayBytes(limits),
      heartbeatMs: limits.heartbeatMs,
      key: '',
      proof: '',
    }
  }

  #health(): Record<string, unknown> {
    return {
      status: 'up',
      id: this.id,
      name: this.#options.name,
      uptimeMs: Math.round(this.#clock.nowMs() - this.#startMs),
      peers: this.mesh.peers().length,
    }
  }
}

function providers(
  { local, mesh }: ResolvedOptions,
  { discovery = ['directory', 'mdns'], announce = true }: PeerOptions,
  folder: string | undefined,
  links: Mesh,
): Discovery[] {
  const chosen = discovery.flatMap((provider) => {
    if (provider === 'directory') return folder === undefined ? [] : [directory({ path: folder })]
    if (provider === 'mdns') return [mdns()]
    if (typeof provider?.watch === 'function') return [provider]
    const text =
      "discovery is a list of providers: 'directory', 'mdns' or mdns(), dns('orders.svc'), " +
      'staticPeers([…]), registrar()'
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/discovery' })
  })
  const used = announce ? chosen : chosen.map(silent)
  const announced = (record: PeerRecord) => announceThrough(used, record)
  const place = { id: links.parts.id, mesh, local, announce: announced }
  for (const provider of chosen) provider.prepare?.(place)
  for (const one of chosen) if (one instanceof Gossip) joinGossip(one, links)
  return used
}

/** Finds others without being found. */
function silent(provider: Discovery): Discovery {
  const nothing = async () => undefined
  return {
    name: provider.name,
    announce: async () => ({ update: nothing, withdraw: nothing }),
    watch: (mesh, options) => provider.watch(mesh, options),
    close: () => provider.close(),
  }
}
