// A mesh with a list of keys: each peer proves its own, and who leaves the list is cut off at once.

import { once } from 'node:events'
import { appendFileSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allowList, askDoor, createKey, type Peer, type PublicKey, readKey } from 'earshot'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { readKeyFile } from '../../src/security/key-file.ts'
import { keyOfText } from '../../src/security/keys.ts'
import { proofFor } from '../../src/security/proof.ts'
import { Kind } from '../../src/wire/record.ts'
import { Shop } from '../support/contract.ts'
import { failure, faults, randomMesh, testPeer, until } from '../support/peers.ts'
import { helloOf, record } from '../support/strangers.ts'

const handlers = {
  place: ({ count }: { count: number }) => ({ total: count, by: 'server' }),
  slow: () => ({ by: 'server' }),
  cancel: () => undefined,
  blob: () => undefined,
}

/** A list and keys of its own for each test. */
function setting() {
  const folder = mkdtempSync(join(tmpdir(), 'es-trust-'))
  const list = join(folder, 'earshot.allow')
  const mesh = randomMesh()
  const lines = new Map<string, string>()
  const write = () => {
    writeFileSync(`${list}.new`, `# who is let in\n${[...lines.values()].join('\n')}\n`)
    renameSync(`${list}.new`, list)
  }
  const keyFile = (name: string) => join(folder, `${name}.key`)
  const add = (name: string, roles = '', made?: PublicKey) => {
    const key = made ?? createKey(keyFile(name))
    lines.set(name, `${key.publicKey} ${name} ${roles}`)
    write()
    return key
  }
  const remove = (name: string) => {
    lines.delete(name)
    write()
  }
  const security = (name: string) => allowList(list, { key: keyFile(name) })
  const join_ = (name: string, options: object = {}): Promise<Peer> =>
    testPeer({ name, mesh, security: security(name), ...options })
  return { mesh, list, keyFile, add, remove, security, join: join_ }
}

/** As libzmq does, which would hang up as soon as it sees that a key is wanted: this one waits. */
async function greetWithoutKey(endpoint: string): Promise<void> {
  const { hostname, port } = new URL(endpoint)
  const wire = connect(Number(port), hostname)
  const greeting = Buffer.alloc(64)
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0])
  greeting.write('NULL', 12)
  wire.write(greeting)
  wire.resume()
  await once(wire, 'close')
}

type Setting = ReturnType<typeof setting>

async function knowing(...peers: Peer[]): Promise<void> {
  await until('all know each other', () =>
    peers.every((peer) => peer.peers().length === peers.length - 1),
  )
}

/** A raw DEALER at the inbox of `server`, with the key of somebody on the list. */
function rawDealer({ keyFile }: Setting, server: Peer, serverName: string, as: string) {
  const own = readKeyFile(keyFile(as))
  const socket = new zmq.Dealer({
    linger: 0,
    receiveTimeout: 5_000,
    curveServerKey: readKeyFile(keyFile(serverName)).publicKey,
    curvePublicKey: own.publicKey,
    curveSecretKey: own.secretKey,
  })
  onTestFinished(() => socket.close())
  socket.connect(server.endpoints.inbox.at(-1) as string)
  return socket
}

describe('a key', () => {
  it('has a public half that no command line takes for an option', () => {
    const { keyFile } = setting()
    // Of 300 that are not chosen so, one in a hundred times none would begin with a dash.
    const all = Array.from({ length: 300 }, (_, at) => createKey(keyFile(`k${at}`)).publicKey)
    expect(all.filter((key) => !/^\w[\w-]{42}$/.test(key))).toEqual([])
    expect(new Set(all).size).toBe(300)
  })
})

describe('a mesh with a list of keys', () => {
  it('is one for those on it, in every pattern, and handlers learn whose key it was', async () => {
    const here = setting()
    here.add('server')
    const key = here.add('caller', 'web,admin')
    const server = await here.join('server')
    let from: unknown
    await server.serve(Shop, {
      ...handlers,
      place: ({ count }, context) => {
        from = context.from
        return { total: count, by: 'server' }
      },
    })
    const caller = await here.join('caller')
    expect(await caller.client(Shop).place({ sku: 'x', count: 3 })).toMatchObject({ total: 3 })
    expect(from).toEqual({
      ...{ id: caller.id, name: 'caller' },
      ...{ key: key.fingerprint, roles: ['web', 'admin'] },
    })
    const heard: unknown[] = []
    await caller.subscribe(Shop.placed, ({ id }, context) => heard.push([id, context.from.key]))
    await server.publish(Shop.placed, { id: 7, text: 'x' })
    await until('the event is heard', () => heard.length === 1)
    expect(heard).toEqual([[7, readKey(here.keyFile('server')).fingerprint]])
    await knowing(server, caller)
    const door = caller.peers()[0]?.doors.at(-1) as string
    const security = here.security('caller')
    expect(await askDoor(door, { op: 'health' }, { security })).toMatchObject({ ok: true })
    const call = { op: 'call', contract: 'test.shop', channel: 'place', body: {} }
    const refused = await failure(askDoor(door, call, { security }))
    expect(refused).toMatchObject({ data: { remote: { code: 'EARSHOT_DENIED' } } })
  })

  it('finds peers by multicast and at written addresses, without their keys', async () => {
    const here = setting()
    for (const name of ['server', 'other', 'caller']) here.add(name)
    const server = await here.join('server', { discovery: ['mdns'] })
    const other = await here.join('other', { discovery: ['mdns'] })
    await knowing(server, other)
    const { staticPeers } = await import('earshot')
    const discovery = [staticPeers([server.endpoints.inbox.at(-1) as string])]
    const caller = await here.join('caller', { discovery })
    await until('it is found', () => caller.peers().some(({ id }) => id === server.id))
  })

  it('gives no byte to a stranger at any socket, without a key or with one of nobody', async () => {
    const here = setting()
    const serverKey = here.add('server')
    const told = faults()
    const server = await here.join('server', { limits: { maxStrangerFaults: 100 } })
    await server.serve(Shop, handlers)
    const { publicKey, secretKey } = zmq.curveKeyPair()
    const curveServerKey = keyOfText(serverKey.publicKey) as string
    const stranger = { curveServerKey, curvePublicKey: publicKey, curveSecretKey: secretKey }
    const before = server.stats().counters
    for (const at of [0, -1]) {
      for (const keys of [{}, stranger]) {
        const options = { linger: 0, receiveTimeout: 300, sendTimeout: 300, ...keys }
        const dealer = new zmq.Dealer(options)
        const ear = new zmq.Subscriber({ linger: 0, receiveTimeout: 300, ...keys })
        const asker = new zmq.Request(options)
        dealer.connect(server.endpoints.inbox.at(at) as string)
        ear.connect(server.endpoints.outlet.at(at) as string)
        asker.connect(server.endpoints.door.at(at) as string)
        ear.subscribe()
        await Promise.allSettled([dealer.send('x'), asker.send('{"op":"health"}')])
        await server.publish(Shop.placed, { id: 1, text: 'secret' })
        for (const socket of [dealer, ear, asker]) {
          await expect(socket.receive()).rejects.toThrow()
          socket.close()
        }
      }
    }
    const { framesIn, badFrames, doorRequests } = server.stats().counters
    expect({ framesIn, badFrames, doorRequests }).toEqual({
      framesIn: before.framesIn,
      badFrames: before.badFrames,
      doorRequests: before.doorRequests,
    })
    for (const socket of ['inbox', 'outlet', 'door']) {
      const refusals = told.filter(({ code, text }) => {
        return code === 'EARSHOT_SECURITY' && text.includes(`at the ${socket}`)
      })
      expect(refusals.length).toBe(2)
    }
  })

  it.each(['inbox', 'outlet', 'door'] as const)(
    'tells who came to its %s without a key',
    async (socket) => {
      const here = setting()
      here.add('server')
      const told = faults()
      const { endpoints } = await here.join('server')
      const hungUp = greetWithoutKey(endpoints[socket].at(-1) as string)
      await until('it is told', () => {
        return told.some(({ text }) => text.includes(`somebody at our ${socket}, `))
      })
      await hungUp
    },
  )

  it('closes the links of a key that is taken off, and lets it back in', async () => {
    const here = setting()
    here.add('server')
    const key = here.add('leaver')
    here.add('stayer')
    const told = faults()
    const server = await here.join('server')
    await server.serve(Shop, handlers)
    const leaver = await here.join('leaver')
    const stayer = await here.join('stayer')
    await knowing(server, leaver, stayer)
    const heard = { leaver: [] as number[], stayer: [] as number[] }
    await leaver.subscribe(Shop.placed, ({ id }) => heard.leaver.push(id))
    await stayer.subscribe(Shop.placed, ({ id }) => heard.stayer.push(id))
    await server.publish(Shop.placed, { id: 1, text: 'x' })
    await until('both hear', () => heard.leaver.length === 1 && heard.stayer.length === 1)
    const curve = readKeyFile(here.keyFile('leaver'))
    const asker = new zmq.Request({
      ...{ linger: 0, receiveTimeout: 500, sendTimeout: 500 },
      curveServerKey: keyOfText(readKey(here.keyFile('server')).publicKey) as string,
      ...{ curvePublicKey: curve.publicKey, curveSecretKey: curve.secretKey },
    })
    onTestFinished(() => asker.close())
    asker.connect(server.endpoints.door.at(-1) as string)
    await asker.send('{"op":"health"}')
    await asker.receive()

    here.remove('leaver')
    await until('it is gone', () => !server.peers().some(({ id }) => id === leaver.id))
    await until('it is told so', () => told.some(({ text }) => text.includes('taken off the list')))
    const again = (id: number) => async () => {
      await server.publish(Shop.placed, { id, text: 'x' })
      return heard.stayer.includes(id)
    }
    await until('the other hears on', again(2))
    expect(heard.leaver).toEqual([1])
    await asker.send('{"op":"health"}').catch(() => undefined)
    await expect(asker.receive()).rejects.toThrow()
    const shop = leaver.client(Shop, { timeoutMs: 300 })
    expect(await failure(shop.place({ sku: 'x', count: 1 }))).toMatchObject({ sent: 'no' })
    expect(told.some(({ text }) => text.includes('no longer trusted'))).toBe(true)

    here.add('leaver', '', key)
    await until('it is back', () => server.peers().some(({ id }) => id === leaver.id))
    await until('it hears again', async () => {
      await server.publish(Shop.placed, { id: 3, text: 'x' })
      return heard.leaver.includes(3)
    })
    expect(heard.leaver).not.toContain(2)
  })

  it('does not believe a hello in the name of another key, with or without a proof', async () => {
    const here = setting()
    here.add('server')
    here.add('mallory')
    const alice = here.add('alice', 'admin')
    const told = faults()
    const server = await here.join('server')
    const victim = await here.join('alice')
    await knowing(server, victim)
    const own = readKeyFile(here.keyFile('mallory'))
    const serverKey = readKeyFile(here.keyFile('server')).publicKey
    const claim = { mesh: here.mesh, id: victim.id, epoch: 2 ** 45 }
    const forged = proofFor(claim, own, serverKey)
    const mine = readKey(here.keyFile('mallory')).publicKey
    for (const [change, why] of [
      [{}, 'carries a key'],
      [{ key: alice.publicKey }, 'not by the owner'],
      [{ key: alice.publicKey, proof: forged }, 'not by the owner'],
      [{ key: mine, proof: forged }, 'the id belongs to another key'],
      [
        { key: createKey(here.keyFile(`nobody${told.length}`)).publicKey, proof: forged },
        'not on the list',
      ],
    ] as const) {
      const dealer = rawDealer(here, server, 'server', 'mallory')
      await dealer.send(record(Kind.hello, helloOf(here.mesh, { ...claim, ...change })))
      const [answer] = await dealer.receive()
      expect(String(answer)).toContain('EARSHOT_SECURITY')
      expect(String(answer)).toContain(why)
    }
    expect(server.peers().map(({ id, epoch }) => [id, epoch])).toEqual([[victim.id, victim.epoch]])
    expect(told.filter(({ text }) => text.includes('a hello was refused'))).toHaveLength(5)
  })

  it('does not start with a bad line, and names it', async () => {
    const here = setting()
    here.add('server')
    appendFileSync(here.list, 'not-a-key somebody\n')
    const error = await failure(here.join('server'))
    expect(error).toMatchObject({ code: 'EARSHOT_TRUST_INVALID', data: { line: 3 } })
    expect(error.message).toContain(`${here.list}:3`)
  })

  it('keeps nobody in whose line goes bad while it runs, and says which line', async () => {
    const here = setting()
    const told = faults()
    here.add('server')
    const key = here.add('caller')
    const server = await here.join('server')
    const caller = await here.join('caller')
    await knowing(server, caller)
    here.add('caller', 'a b', key)
    await until('it is gone', () => server.peers().length === 0)
    expect(told.some(({ text }) => text.startsWith(`${here.list}:3`))).toBe(true)
  })
})
