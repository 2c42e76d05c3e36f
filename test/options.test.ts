// What is said with a call, a client or a peer and cannot be used is refused by its name, whatever
// the compiler was told: nothing else is thrown, and nothing of it stays behind.

import {
  allowList,
  contract,
  createPeer,
  dns,
  duplex,
  event,
  fromAvro,
  fromProto,
  type Handlers,
  mdns,
  notification,
  type Peer,
  registrar,
  request,
  scatter,
  stream,
} from 'earshot'
import { createWorld } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure } from './support/peers.ts'
import { testWorld } from './support/world.ts'

const Body = Type.Object({ n: Type.Integer() })
const Work = contract('test.work', '1.0.0', {
  ask: request(Body, Body, { idempotent: true }),
  note: notification(Body),
  count: stream(Body, Body),
  talk: duplex(Body, Body),
  poll: scatter(Body, Body),
  told: event(Body),
})

const Keyed = contract('test.keyed', '1.0.0', {
  told: event(Type.Object({ who: Type.String() }), { key: 'who' }),
})

const handlers: Handlers<typeof Work> = {
  ask: (asked) => asked,
  note: () => undefined,
  async *count(asked) {
    yield asked
  },
  async *talk(said) {
    yield* said
  },
  poll: (asked) => asked,
}

/** Each kind with options that are no options. */
function kindsOf(peer: Peer): Record<string, (options: never) => Promise<unknown>> {
  const client = peer.client(Work)
  const body = { n: 1 }
  return {
    request: async (options) => client.ask(body, options),
    ticket: async (options) => client.ask.later(body, options).answer(),
    notification: async (options) => client.note(body, options),
    stream: async (options) => client.count(body, options).next(),
    duplex: async (options) => client.talk(options).next(),
    scatter: async (options) => client.poll(body, options),
    'scatter, one by one': async (options) => client.poll.each(body, options).next(),
    event: async (options) => peer.publish(Work.told, body, options),
  }
}

const unusable: readonly (readonly [string, unknown])[] = [
  ['', null],
  ['', 'soon'],
  ['/signal', { signal: 'stop' }],
  ['/signal', { signal: {} }],
  ['/key', { key: 7 }],
  ['/to', { to: {} }],
  ['/context', { context: null }],
  ['/timeoutMS', { timeoutMS: 500 }],
]

describe('with a call', () => {
  it('what is no option is refused by its path, and leaves nothing behind', async () => {
    const world = testWorld()
    const server = await world.createPeer({ name: 'server' })
    await server.serve(Work, handlers)
    const caller = await world.createPeer({ name: 'caller' })
    await world.advance(100)
    for (const [kind, send] of Object.entries(kindsOf(caller))) {
      for (const [path, options] of unusable) {
        const error = await world.run(failure(send(options as never)))
        expect(error, `${kind} ${path}`).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
      }
      for (const headers of [null, ['a'], 'a', { a: 1 }]) {
        const error = await world.run(failure(send({ headers } as never)))
        expect(error, `${kind} headers`).toMatchObject({ code: 'EARSHOT_OPTION_INVALID' })
        expect(error.path).toMatch(/^\/headers/)
      }
    }
    for (const [kind, send] of Object.entries(kindsOf(caller))) {
      const name = kind.startsWith('scatter') ? 'withinMs' : 'timeoutMs'
      const error = await world.run(failure(send({ [name]: -1 } as never)))
      expect(error, kind).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: `/${name}` })
    }
    // What another kind of call takes would not hold here.
    const elsewhere = [
      ['request', { until: 'handled' }],
      ['notification', { withinMs: 5 }],
      ['stream', { until: 'all' }],
      ['scatter', { timeoutMs: 5 }],
      ['event', { to: 'somebody' }],
    ] as const
    for (const [kind, options] of elsewhere) {
      const [path] = Object.keys(options).map((name) => `/${name}`)
      const error = await world.run(failure(kindsOf(caller)[kind]?.(options as never) as never))
      expect(error, kind).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
    }
    for (const kind of ['notification', 'event']) {
      const error = await world.run(
        failure(kindsOf(caller)[kind]?.({ until: 'soon' } as never) as never),
      )
      expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/until' })
    }
    // Those that failed at once are not under way: nothing rejects later, to nobody.
    await world.advance(5_000)
    const { pendingRequests, openStreams, openTickets } = caller.stats()
    expect({ pendingRequests, openStreams, openTickets }).toEqual({
      pendingRequests: 0,
      openStreams: 0,
      openTickets: 0,
    })
  })
})

describe('with a client, a service or a peer', () => {
  it('what is no option is refused by its path', async () => {
    const world = testWorld()
    const peer = await world.createPeer({ name: 'peer' })
    const ofClients: [string, unknown][] = [
      ['', null],
      ['/fallback', { fallback: 'none' }],
      ['/fallback/cache', { fallback: { cache: null } }],
      ['/channels/ask/fallback', { channels: { ask: { fallback: 7 } } }],
      ['/verison', { verison: '^1.2' }],
      ['/channels/ask/timeout', { channels: { ask: { timeout: 7 } } }],
      ['/channels/count/retry', { channels: { count: { retry: false } } }],
      ['/channels/told', { channels: { told: {} } }],
    ]
    for (const [path, options] of ofClients) {
      const error = await failure((async () => peer.client(Work, options as never))())
      expect(error, path).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
    }
    const served = await failure(peer.serve(Work, handlers, null as never))
    expect(served).toMatchObject({ code: 'EARSHOT_OPTION_INVALID' })
    for (const [path, options] of [
      ['/concurency', { concurency: 1 }],
      ['/shed/age', { shed: { age: 7 } }],
    ] as const) {
      const error = await failure(peer.serve(Work, handlers, options as never))
      expect(error, path).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
    }
    const heard = await failure(
      peer.subscribe(Work.told, () => undefined, { filter: 'x' } as never),
    )
    expect(heard).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/filter' })
    const half = await failure(peer.subscribe(Keyed.told, () => undefined, { key: '\ud800' }))
    expect(half).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/key' })
    // What is left undefined is as if it was not said.
    const silent = { retry: { tries: undefined }, timeoutMs: undefined, breaker: undefined }
    expect(Object.keys(peer.client(Work, silent as never))).toContain('ask')
    const sender = async () => peer.sender(Work.note, { to: 'x' } as never)
    expect(await failure(sender())).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/to' })
    const ofPeers = { security: 'secret', discovery: 'mdns', directory: 7, limits: null }
    for (const [name, value] of Object.entries(ofPeers)) {
      const error = await failure(createPeer({ name: 'x', [name]: value } as never))
      expect(error, name).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: `/${name}` })
    }
    const mistyped = { mehs: 'shop', listen: { host: '127.0.0.1', prot: 7 } }
    const [mesh, port] = Object.entries(mistyped).map(([name, value]) =>
      failure(createPeer({ name: 'x', [name]: value } as never)),
    )
    expect(await mesh).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/mehs' })
    expect((await mesh)?.message).toMatch(/^there is no "mehs": name, mesh, zone, /)
    expect(await port).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/listen/prot' })
  })
})

describe('with a provider, an allow list or a channel', () => {
  it('what is no option is refused by its path', async () => {
    const makers: Record<string, (options: never) => unknown> = {
      mdns,
      registrar,
      dns: (options) => dns('orders.svc', options),
      allowList: (options) => allowList('earshot.allow', options),
      contract: (options) => contract('test.slip', '1.0.0', {}, options),
      fromAvro: (options) => fromAvro('"int"', options),
      fromProto: (options) => fromProto('', options),
      createWorld,
    }
    for (const [name, make] of Object.entries(makers)) {
      const error = await failure((async () => make({ srevers: [] } as never))())
      expect(error, name).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/srevers' })
    }
    const drafts = {
      ask: request(Body, Body, { idempotnet: true } as never),
      count: stream(Body, Body, { idempotent: true } as never),
      told: event(Body, { idempotent: true } as never),
    }
    for (const [name, draft] of Object.entries(drafts)) {
      const error = await failure((async () => contract('test.slip', '1.0.0', { [name]: draft }))())
      expect(error, name).toMatchObject({ code: 'EARSHOT_CONTRACT_INVALID' })
      const text = `channel test.slip/${name}, a ${draft.kind}: there is no "`
      expect(error.message).toContain(text)
    }
  })
})
