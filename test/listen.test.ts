// Where a peer listens, and what it refuses: strangers, taken ports, directories that are not ours.

import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askDoor, createPeer, type HandlerContext, insecure, staticPeers } from 'earshot'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { handlers, Shop } from './support/contract.ts'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'
import { freePorts } from './support/ports.ts'

describe('listening', () => {
  it('is on this host alone by default', async () => {
    const peer = await testPeer({ name: 'x', mesh: randomMesh() })
    for (const endpoints of Object.values(peer.endpoints)) {
      for (const endpoint of endpoints)
        expect(endpoint).toMatch(/^(ipc:\/\/\/|tcp:\/\/127\.0\.0\.1:)/)
    }
  })

  it.each(['lan', { host: '0.0.0.0' }, { host: '192.0.2.1', port: 7_000 }] as const)(
    'on %j without security is refused with the sentence that says what to do',
    async (listen) => {
      const error = await failure(createPeer({ name: 'x', mesh: randomMesh(), listen }))
      expect(error).toMatchObject({ code: 'EARSHOT_INSECURE_LISTEN', path: '/listen', sent: 'no' })
      expect(error.message).toMatch(/meshSecret.*insecure\(\).*listen: 'host'/)
    },
  )

  it('beyond this host works when it is asked for aloud', async () => {
    const peer = await testPeer({
      ...{ name: 'x', mesh: randomMesh(), discovery: [] },
      ...{ listen: 'lan', security: insecure() },
    })
    expect(peer.endpoints.inbox.length).toBeGreaterThan(1)
  })

  it.each(['::1', '[::1]'])(
    'on %s is on this host, guarded like loopback of IPv4',
    async (host) => {
      const mesh = randomMesh()
      const one = await testPeer({ name: 'one', mesh, listen: { host }, discovery: [] })
      const inbox = one.endpoints.inbox.at(-1) as string
      expect(inbox).toMatch(/^tcp:\/\/\[::1\]:\d+$/)
      const discovery = [staticPeers([inbox])]
      const two = await testPeer({ name: 'two', mesh, listen: { host }, discovery })
      await until('they are linked', () => one.peers().length === 1 && two.peers().length === 1)
      expect(two.peers()[0]).toMatchObject({ endpoint: inbox, transport: 'tcp' })
      const { health } = await askDoor(one.endpoints.door.at(-1) as string, { op: 'health' })
      expect(health).toMatchObject({ peers: 1 })
    },
  )

  it('at a given port takes that and the next two', async () => {
    const free = await freePorts()
    const listen = { host: '127.0.0.1', port: free }
    const peer = await testPeer({ name: 'x', mesh: randomMesh(), listen })
    const ports = [peer.endpoints.inbox, peer.endpoints.outlet, peer.endpoints.door].map((all) =>
      Number(all.at(-1)?.split(':').at(-1)),
    )
    expect(ports).toEqual([free, free + 1, free + 2])
  })

  it('at a port that is taken is refused, and lets go of what it had', async () => {
    const port = await freePorts()
    const server = createServer()
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    const options = { name: 'x', mesh: randomMesh(), listen: { host: '127.0.0.1', port } }
    // It looks around while it binds.
    const looking = staticPeers(['tcp://127.0.0.1:1'])
    const [watch, close] = [vi.spyOn(looking, 'watch'), vi.spyOn(looking, 'close')]
    const error = await failure(createPeer({ ...options, discovery: [looking] }))
    expect(error).toMatchObject({ code: 'EARSHOT_ADDRESS_IN_USE', retryable: true })
    expect([watch, close].map(({ mock }) => mock.calls.length)).toEqual([1, 1])
    expect(error.message).toContain(String(port))
    await new Promise((done) => server.close(done))
    await testPeer(options)
  })
})

describe('the directory for sockets', () => {
  it('that is a file is refused, with its path', async () => {
    const directory = join(mkdtempSync(join(tmpdir(), 'earshot-test-')), 'file')
    writeFileSync(directory, '')
    const error = await failure(createPeer({ name: 'x', mesh: randomMesh(), directory }))
    expect(error).toMatchObject({ code: 'EARSHOT_RUNTIME_DIR' })
    expect(error.message).toContain(directory)
  })

  it('that others can enter is refused when it is the caller’s own choice', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'earshot-test-'))
    chmodSync(directory, 0o777)
    const error = await failure(createPeer({ name: 'x', mesh: randomMesh(), directory }))
    expect(error).toMatchObject({ code: 'EARSHOT_RUNTIME_DIR' })
  })
})

describe('the door', () => {
  it('tells who is there and what is served, and calls on behalf of who asks', async () => {
    const [a, b] = await pairOf()
    await a.serve(Shop, {
      place: ({ count }) => ({ total: count, by: 'a' }),
      slow: () => ({ by: 'a' }),
      cancel: () => undefined,
      blob: () => undefined,
    })
    b.client(Shop)
    const door = b.endpoints.door.at(-1) as string
    expect(await askDoor(door, { op: 'health' })).toMatchObject({
      health: { status: 'up', peers: 1 },
    })
    expect(await askDoor(door, { op: 'hello' })).toMatchObject({ hello: { id: b.id, name: 'b' } })
    expect(await askDoor(door, { op: 'peers' })).toMatchObject({ peers: [{ name: 'a' }] })
    expect(await askDoor(door, { op: 'stats' })).toHaveProperty('stats.counters.peersUp', 1)
    const told = await askDoor(door, { op: 'describe' })
    expect(told).toMatchObject({ contracts: [{ name: 'test.shop', version: '1.2.0' }] })
    expect(await askDoor(door, { op: 'schema', contract: 'test.shop' })).toEqual(told)
    const call = { op: 'call', contract: 'test.shop', channel: 'place' }
    expect(await askDoor(door, { ...call, body: { sku: 'x', count: 3 } })).toEqual({
      ok: true,
      reply: { total: 3, by: 'a' },
    })
    const wrong = await failure(askDoor(door, { ...call, body: { sku: 'x' } }))
    expect(wrong).toMatchObject({ code: 'EARSHOT_DOOR', data: { remote: { path: '/count' } } })
  })

  it('calls what its own peer serves, whoever else serves it', async () => {
    const [a, b] = await pairOf()
    await b.serve(Shop, handlers('b'))
    const heard: unknown[] = []
    const around: string[] = []
    let answer: () => void = () => undefined
    const own = {
      ...handlers('a'),
      place: ({ count }: { count: number }, { from }: HandlerContext) => {
        if (count === 13) throw new Error('out of luck')
        return { total: count, by: from.name }
      },
      slow: (_: unknown, { signal }: HandlerContext) =>
        new Promise<{ by: string }>((resolve) => {
          signal.addEventListener('abort', () => {
            heard.push('aborted')
            // An answer at once could be sooner than the time-out of who asks.
            answer = () => resolve({ by: 'a' })
          })
        }),
      cancel: ({ id }: { id: number }) => {
        heard.push(id)
      },
    }
    type Next = (body: unknown, context: HandlerContext) => unknown
    const use = (next: Next) => (body: unknown, context: HandlerContext) => {
      around.push(context.channel)
      return next(body, context)
    }
    await a.serve(Shop, own, { use: [use] })
    const door = a.endpoints.door[0] as string
    const call = (channel: string, body: object, more = {}) =>
      askDoor(door, { op: 'call', contract: 'test.shop', channel, body, ...more })
    const place = (count: number) => call('place', { sku: 'x', count })
    expect(await place(3)).toEqual({ ok: true, reply: { total: 3, by: 'a' } })
    expect(await call('cancel', { id: 5 })).toMatchObject({ reply: { became: 'written' } })
    await until('it was handled', () => heard.includes(5))
    const remoteOf = async (asked: Promise<unknown>) =>
      ((await failure(asked)).data as { remote?: unknown }).remote
    expect(await remoteOf(place(0))).toMatchObject({ code: 'EARSHOT_BODY_INVALID', path: '/count' })
    expect(await remoteOf(place(13))).toMatchObject({ code: 'EARSHOT_REMOTE' })
    const late = call('slow', { forMs: 9 }, { timeoutMs: 20 })
    expect(await remoteOf(late)).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
    await until('who works for nobody is told', () => heard.includes('aborted'))
    answer()
    expect(new Set(around)).toEqual(
      new Set(['place', 'cancel', 'slow'].map((name) => `test.shop/1/${name}`)),
    )
    await b.close()
    await until('nobody else is there', () => a.stats().links.length === 0)
    expect(await place(4)).toEqual({ ok: true, reply: { total: 4, by: 'a' } })
    expect(a.stats()).toMatchObject({ pendingRequests: 0, links: [] })
  })

  it('waits for nobody to serve what nobody offers: others ask, too', async () => {
    const [, b] = await pairOf()
    b.client(Shop)
    const body = { sku: 'x', count: 3 }
    const call = { op: 'call', contract: 'test.shop', channel: 'place', body, timeoutMs: 50 }
    // While it looks around for the first time it waits all the same.
    await vi.waitFor(async () => {
      const { data } = await failure(askDoor(b.endpoints.door.at(-1) as string, call))
      expect(data).toMatchObject({ remote: { code: 'EARSHOT_NO_SERVER', sent: 'no' } })
      expect(JSON.stringify(data)).toContain('after 0 ms')
    }, 10_000)
  })

  it('that nobody stands behind is told as a time-out', async () => {
    const nobody = `tcp://127.0.0.1:${await freePorts()}`
    const error = await failure(askDoor(nobody, { op: 'health' }, { timeoutMs: 100 }))
    expect(error).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
  })
})

describe('EARSHOT_MESH in the environment', () => {
  it('is the mesh of who names none', async () => {
    const mesh = randomMesh()
    vi.stubEnv('EARSHOT_MESH', mesh)
    onTestFinished(() => void vi.unstubAllEnvs())
    const one = await testPeer({ name: 'one' })
    const other = await testPeer({ name: 'other', mesh: randomMesh() })
    expect(one.mesh).toBe(mesh)
    expect(other.mesh).not.toBe(mesh)
    vi.stubEnv('EARSHOT_MESH', '')
    const third = await testPeer({ name: 'third', mesh })
    await until('both know', () => third.peers().length + one.peers().length === 2)
    expect(one.peers().map(({ name }) => name)).toEqual(['third'])
  })

  it('is refused with its name when it is too long', async () => {
    vi.stubEnv('EARSHOT_MESH', 'm'.repeat(101))
    onTestFinished(() => void vi.unstubAllEnvs())
    const error = await failure(createPeer({ name: 'x' }))
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/mesh' })
    expect(error.message).toContain('EARSHOT_MESH')
  })
})
