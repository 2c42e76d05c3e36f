// Requests whose answer comes later: fetched once, over whatever link, within bounds.

import { codecNames, contract, isDeclared, type Peer, request, staticPeers } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { doorway } from './support/doorway.ts'
import { failure, faults, pairOf, randomMesh, testPeer, until } from './support/peers.ts'
import { freePorts } from './support/ports.ts'
import { proxyTo } from './support/proxy.ts'

const Job = Type.Object({ id: Type.Integer() })
const Done = Type.Object({ id: Type.Integer(), by: Type.String() })
const Works = contract('test.works', '1.0.0', {
  build: request(Job, Done, { errors: { Broken: Type.Object({ part: Type.String() }) } }),
})

const build = ({ id }: { id: number }) => ({ id, by: 'a' })

const keptAt = (peer: Peer) => peer.stats().keptTickets
const tcpOf = (peer: Peer) => peer.endpoints.inbox.at(-1) as string

describe.each(codecNames)('a ticket in %s', (codec) => {
  it('gives the answer when it is asked for, as often as it is asked for', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    const door = doorway()
    const headers: unknown[] = []
    await a.serve(Works, {
      build: async (job, context) => {
        headers.push({ ...context.headers })
        await door.passed
        return build(job)
      },
    })
    const ticket = b.client(Works).build.later({ id: 7 }, { headers: { trace: 'x' } })
    expect(ticket.state).toBe('sending')
    await ticket.taken()
    expect(ticket.state).toBe('taken')
    const early = await failure(ticket.answer({ timeoutMs: 1 }))
    expect(early).toMatchObject({ code: 'EARSHOT_TIMEOUT', data: { ticket: ticket.id } })
    const left = await failure(ticket.answer({ signal: AbortSignal.abort() }))
    expect(left).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'unknown' })
    const wrong = await failure(ticket.answer({ timeoutMs: Number.NaN }))
    expect(wrong).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/timeoutMs' })
    door.open()
    expect(await ticket.answer()).toEqual({ id: 7, by: 'a' })
    expect(await ticket.answer()).toEqual({ id: 7, by: 'a' })
    expect(ticket.state).toBe('answered')
    expect(headers).toEqual([{ trace: 'x' }])
    await until('nothing is kept', () => keptAt(a) === 0 && b.stats().openTickets === 0)
  })

  it('gives a declared error, and a failed handler, as a request does', async () => {
    faults()
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    await a.serve(Works, {
      build: ({ id }, context) => {
        if (id === 1) throw context.error('Broken', { part: 'axle' })
        throw new Error('a bug')
      },
    })
    const { build: method } = b.client(Works)
    const declared = await failure(method.later({ id: 1 }).answer())
    expect(isDeclared(Works.build, declared)).toBe(true)
    expect(declared).toMatchObject({ name: 'Broken', data: { part: 'axle' } })
    const remote = await failure(method.later({ id: 2 }).answer())
    expect(remote).toMatchObject({ code: 'EARSHOT_REMOTE', sent: 'unknown' })
  })
})

describe('a link that is cut between request and reply', () => {
  it('loses neither: the reply arrives once by the next link, the work is done once', async () => {
    const mesh = randomMesh()
    const server = await testPeer({ name: 'server', mesh, discovery: [] })
    const { endpoint, cut } = await proxyTo(tcpOf(server))
    const door = doorway()
    const begun: number[] = []
    await server.serve(Works, {
      build: async (job) => {
        begun.push(job.id)
        await door.passed
        return build(job)
      },
    })
    const discovery = [staticPeers([endpoint])]
    const caller = await testPeer({ name: 'caller', mesh, discovery })
    const tickets = Array.from({ length: 50 }, (_, id) => caller.client(Works).build.later({ id }))
    await Promise.all(tickets.map((ticket) => ticket.taken()))
    expect(caller.peers()[0]?.endpoint).toBe(endpoint)
    const lost = until('the link is lost', () => caller.peers()[0]?.endpoint !== endpoint)
    cut()
    await lost
    door.open()
    const answers = await Promise.all(tickets.map((ticket) => ticket.answer()))
    expect(answers).toEqual(tickets.map((_, id) => ({ id, by: 'a' })))
    expect(begun).toHaveLength(50)
    await until('nothing is kept', () => keptAt(server) === 0)
    expect(caller.stats().counters.lateReplies).toBe(0)
  })
})

describe('the older of two links', () => {
  it('that is dead, which only one side knows, keeps no answer from its caller', async () => {
    const mesh = randomMesh()
    const server = await testPeer({ name: 'server', mesh, discovery: [] })
    const { endpoint, hangUp } = await proxyTo(tcpOf(server))
    const door = doorway()
    await server.serve(Works, { build: (job) => door.passed.then(() => build(job)) })
    const caller = await testPeer({ name: 'caller', mesh, discovery: [staticPeers([endpoint])] })
    await until('it is up', () => caller.peers()[0]?.endpoint === endpoint)
    hangUp()
    await until('there are two for the server', () => server.stats().links.length === 2)
    await until('the caller has the other', () => caller.stats().links.length === 1)
    const ticket = caller.client(Works).build.later({ id: 7 })
    await ticket.taken()
    door.open()
    expect(await ticket.answer({ timeoutMs: 5_000 })).toEqual({ id: 7, by: 'a' })
    await until('nothing is kept', () => keptAt(server) === 0)
  })

  it('that is cut with the question on it costs nothing: it is asked by the other', async () => {
    const mesh = randomMesh()
    const ports = await freePorts()
    const listen = { host: '127.0.0.1', port: ports }
    const toCaller = await proxyTo(`tcp://127.0.0.1:${ports}`)
    const discovery = [staticPeers([toCaller.endpoint])]
    const server = await testPeer({ name: 'server', mesh, discovery, announce: false })
    const toServer = await proxyTo(tcpOf(server))
    const begun: number[] = []
    await server.serve(Works, {
      build: (job) => {
        begun.push(job.id)
        return build(job)
      },
    })
    const known = { discovery: [staticPeers([toServer.endpoint])], announce: false }
    const caller = await testPeer({ name: 'caller', mesh, listen, ...known })
    const both = [server, caller]
    await until('each has dialled', () => both.every((peer) => peer.stats().links.length === 2))
    const { build: method } = caller.client(Works)
    await method({ id: 0 })
    const first = caller.peers()[0]?.endpoint === toServer.endpoint ? toServer : toCaller
    // What the caller says by it does not arrive.
    if (first === toServer) first.deafen()
    else first.mute()
    const ticket = method.later({ id: 1 })
    await until('it has left', () => caller.stats().waitingBytes === 0)
    first.cut()
    expect(await ticket.answer({ timeoutMs: 5_000 })).toEqual({ id: 1, by: 'a' })
    expect(begun).toEqual([0, 1])
  })
})

describe('a link on which no word comes back', () => {
  it('lets nothing be begun twice: what is asked again by the next link is known', async () => {
    const mesh = randomMesh()
    const server = await testPeer({ name: 'server', mesh, discovery: [] })
    const { endpoint, mute, cut } = await proxyTo(tcpOf(server))
    const begun: number[] = []
    await server.serve(Works, {
      build: (job) => {
        begun.push(job.id)
        return build(job)
      },
    })
    const caller = await testPeer({ name: 'caller', mesh, discovery: [staticPeers([endpoint])] })
    await until('it is up', () => caller.peers().length === 1)
    const { build: method } = caller.client(Works)
    await method({ id: -1 })
    mute()
    const tickets = Array.from({ length: 20 }, (_, id) => method.later({ id }))
    await until('all are done, and nobody knows', () => begun.length === 21)
    expect(tickets.every(({ state }) => state === 'sending')).toBe(true)
    cut()
    const answers = await Promise.all(tickets.map((ticket) => ticket.answer()))
    expect(answers).toEqual(tickets.map((_, id) => ({ id, by: 'a' })))
    expect(begun).toHaveLength(21)
    await until('nothing is kept', () => keptAt(server) === 0)
  })
})

describe('a ticket', () => {
  it('can be claimed by its record, in the same peer and in another', async () => {
    const [a, b] = await pairOf()
    const door = doorway()
    await a.serve(Works, { build: (job) => door.passed.then(() => build(job)) })
    const ticket = b.client(Works).build.later({ id: 3 })
    await ticket.taken()
    const record = JSON.stringify(ticket)
    const same = b.client(Works).build.claim(record)
    expect(same.id).toBe(ticket.id)
    const other = await testPeer({ name: 'other', mesh: a.mesh })
    const claimed = other.client(Works).build.claim(record)
    await claimed.taken()
    door.open()
    expect(await claimed.answer()).toEqual({ id: 3, by: 'a' })
  })

  it('that its peer does not have is EARSHOT_TICKET_UNKNOWN; what is none is refused', async () => {
    const [a, b] = await pairOf()
    await a.serve(Works, { build })
    const { claim } = b.client(Works).build
    const deadline = Date.now() + 5_000
    const record = { id: 'ab'.repeat(16), channel: Works.build.key, peer: a.id, epoch: a.epoch }
    const unknown = await failure(claim({ ...record, deadline }).answer())
    expect(unknown).toMatchObject({ code: 'EARSHOT_TICKET_UNKNOWN' })
    const gone = await failure(claim({ ...record, epoch: a.epoch - 1, deadline }).answer())
    expect(gone).toMatchObject({ code: 'EARSHOT_PEER_GONE' })
    for (const [wrong, path] of [
      [{ ...record, deadline, id: 'x' }, '/id'],
      [{ ...record, deadline, channel: 'test.works/2/build' }, '/channel'],
      [{ ...record, deadline, peer: '' }, '/peer'],
      [{ ...record, deadline: 'soon' }, '/deadline'],
      ['{', undefined],
      [null, '/id'],
    ] as const) {
      const invalid = expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID', path })
      expect(() => claim(wrong as never)).toThrow(invalid)
    }
  })

  it.each(['cancel()', 'a signal'])(
    'that is cancelled by %s ends the handler, too',
    async (how) => {
      const [a, b] = await pairOf()
      let ended: unknown
      await a.serve(Works, {
        build: (job, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              ended = signal.reason
              resolve(build(job))
            })
          }),
      })
      const controller = new AbortController()
      const ticket = b.client(Works).build.later({ id: 1 }, { signal: controller.signal })
      await ticket.taken()
      if (how === 'cancel()') ticket.cancel()
      else controller.abort()
      expect(await failure(ticket.answer())).toMatchObject({ code: 'EARSHOT_CANCELLED' })
      await until('the handler has heard of it', () => ended !== undefined)
      await until('nothing is kept', () => keptAt(a) === 0)
      expect(b.stats().openTickets).toBe(0)
    },
  )

  it('ends at its deadline, on both sides', async () => {
    const [a, b] = await pairOf({ limits: { drainTimeoutMs: 50 } })
    await a.serve(Works, { build: () => new Promise(() => undefined) })
    const ticket = b.client(Works).build.later({ id: 1 }, { timeoutMs: 50 })
    await ticket.taken()
    const late = { code: 'EARSHOT_TIMEOUT', sent: 'unknown' }
    expect(await failure(ticket.answer())).toMatchObject(late)
    await until('nothing is kept', () => keptAt(a) === 0)
    const nobody = contract('test.nobody', '1.0.0', { build: request(Job, Done) })
    const unsent = b.client(nobody).build.later({ id: 1 }, { timeoutMs: 50 })
    expect(await failure(unsent.taken())).toMatchObject({ sent: 'no' })
    expect(await failure(unsent.answer())).toMatchObject({ sent: 'no' })
  })

  it('of a peer that leaves is EARSHOT_PEER_GONE, of one that closes EARSHOT_CLOSED', async () => {
    const limits = { drainTimeoutMs: 50 }
    const [a, b] = await pairOf({ limits }, { limits })
    await a.serve(Works, { build: () => new Promise(() => undefined) })
    const [one, two] = [1, 2].map((id) => b.client(Works).build.later({ id }))
    await Promise.all([one?.taken(), two?.taken()])
    await a.close()
    expect(await failure(one?.answer() as never)).toMatchObject({ code: 'EARSHOT_PEER_GONE' })
    const waiting = b.client(Works).build.later({ id: 3 })
    await b.close()
    expect(await failure(waiting.answer())).toMatchObject({ code: 'EARSHOT_CLOSED' })
  })

  it('is answered before its peer closes, if that is quick enough', async () => {
    const [a, b] = await pairOf()
    const door = doorway()
    await a.serve(Works, { build: (job) => door.passed.then(() => build(job)) })
    const ticket = b.client(Works).build.later({ id: 4 })
    await ticket.taken()
    const closed = a.close()
    door.open()
    expect(await ticket.answer()).toEqual({ id: 4, by: 'a' })
    await closed
  })
})

describe('what is kept for tickets', () => {
  it('is bounded in number and in bytes, and said to be full', async () => {
    const [a, b] = await pairOf({ limits: { maxTickets: 3, drainTimeoutMs: 50 } })
    await a.serve(Works, { build: () => new Promise(() => undefined) })
    const tickets = [1, 2, 3, 4].map((id) => b.client(Works).build.later({ id }))
    await Promise.all(tickets.slice(0, 3).map((ticket) => ticket.taken()))
    const full = { code: 'EARSHOT_OVERLOADED', sent: 'no' }
    expect(await failure((tickets[3] as (typeof tickets)[0]).taken())).toMatchObject(full)
    expect(keptAt(a)).toBe(3)

    const Large = contract('test.large', '1.0.0', {
      build: request(Job, Type.Object({ text: Type.String() })),
    })
    const [c, d] = await pairOf({ limits: { maxTicketBytes: 1_000 } })
    await c.serve(Large, { build: () => ({ text: 'x'.repeat(2_000) }) })
    const large = await failure(d.client(Large).build.later({ id: 1 }).answer())
    expect(large).toMatchObject({ code: 'EARSHOT_OVERLOADED', sent: 'unknown' })
  })

  it('waits in turn where a service works at one thing at a time', async () => {
    const [a, b] = await pairOf()
    let atWork = 0
    let most = 0
    const work = async (job: { id: number }) => {
      most = Math.max(most, ++atWork)
      await new Promise((resolve) => setImmediate(resolve))
      atWork--
      return build(job)
    }
    await a.serve(Works, { build: work }, { concurrency: 1, shed: false })
    const tickets = [1, 2, 3, 4, 5].map((id) => b.client(Works).build.later({ id }))
    const ids = await Promise.all(tickets.map(async (ticket) => (await ticket.answer()).id))
    expect(ids).toEqual([1, 2, 3, 4, 5])
    expect(most).toBe(1)
  })
})
