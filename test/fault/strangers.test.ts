// Faults 21 and 22: floods of connections, and keys that are not let in.

import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allowList, createKey, type Peer } from 'earshot'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { readKeyFile } from '../../src/security/key-file.ts'
import { handlers, Shop } from '../support/contract.ts'
import { faults, randomMesh, testPeer, until } from '../support/peers.ts'
import { startProcess, startServing } from '../support/processes.ts'

const order = { sku: 'x', count: 1 }

describe('5 000 TCP connections a second to a bound port', () => {
  it('keep nobody from being served, and leave nothing behind', async () => {
    const mesh = randomMesh()
    const server = await startServing(mesh, 'server')
    const caller = await testPeer({ name: 'caller', mesh })
    const shop = caller.client(Shop, { timeoutMs: 5_000, retry: false, breaker: false })
    await shop.place(order)
    const { inbox } = server.ready.endpoints as { inbox: string[] }
    const { port } = new URL(String(inbox.at(-1)).replace('tcp:', 'http:'))
    const open = () => readdirSync(`/proc/${server.child.pid}/fd`).length
    const before = open()
    const flood = await startProcess('flood.js', ['127.0.0.1', port, '5000', '1500'])
    let over = false
    const through = flood.next('through').finally(() => {
      over = true
    })
    const times: number[] = []
    while (!over) {
      const fromMs = performance.now()
      expect(await shop.place(order)).toEqual({ total: 2, by: 'server' })
      times.push(performance.now() - fromMs)
    }
    const { asked } = await through
    expect(asked).toBeGreaterThanOrEqual(7_000)
    expect(times.length).toBeGreaterThan(20)
    expect(Math.max(...times)).toBeLessThan(3_000)
    // Somebody new gets in, too, and what the flood held is let go.
    const late = await testPeer({ name: 'late', mesh })
    expect(await late.client(Shop, { timeoutMs: 10_000 }).place(order)).toMatchObject({ total: 2 })
    await until('its descriptors are back', () => open() <= before + 20)
    expect(server.errors()).toBe('')
  })

  it('that say nothing are let go when their time for a handshake is up', async () => {
    const limits = { handshakeTimeoutMs: 300 }
    const peer = await testPeer({ name: 'peer', mesh: randomMesh(), limits })
    const { port } = new URL(String(peer.endpoints.inbox.at(-1)).replace('tcp:', 'http:'))
    const silent = Array.from({ length: 200 }, () => connect(Number(port), '127.0.0.1'))
    const closed = silent.map((socket) => once(socket.resume(), 'close'))
    await Promise.all(closed)
    expect(peer.stats().counters.framesIn).toBe(0)
  })
})

function curveOf(serverFile: string, ownFile: string): object {
  const { publicKey: curveServerKey } = readKeyFile(serverFile)
  const { publicKey: curvePublicKey, secretKey: curveSecretKey } = readKeyFile(ownFile)
  return { curveServerKey, curvePublicKey, curveSecretKey }
}

/** A stranger at each socket, who says something and hears nothing. */
async function knockAt(server: Peer, keys: object): Promise<void> {
  const options = { linger: 0, receiveTimeout: 100, ...keys }
  const dealer = new zmq.Dealer({ ...options })
  const ear = new zmq.Subscriber({ ...options })
  const asking = new zmq.Request({ ...options })
  dealer.connect(server.endpoints.inbox.at(-1) as string)
  ear.connect(server.endpoints.outlet.at(-1) as string)
  asking.connect(server.endpoints.door.at(-1) as string)
  ear.subscribe()
  await dealer.send(Buffer.from([0xea, 1, 1, 2, 0x7b, 0x7d]))
  await asking.send('{"op":"hello"}')
  for (const socket of [dealer, ear, asking]) {
    await server.publish(Shop.placed, { id: 1, text: 'secret' })
    await expect(socket.receive()).rejects.toThrow()
    socket.close()
  }
}

describe('a client that is not let in', () => {
  it('without a key, with a wrong and with a revoked one gets no byte in or out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'es-fault-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const fileOf = (name: string) => join(folder, `${name}.key`)
    const keys = Object.fromEntries(
      ['server', 'good', 'revoked', 'wrong'].map((name) => [name, createKey(fileOf(name))]),
    )
    const list = join(folder, 'earshot.allow')
    const admit = (...names: string[]) =>
      writeFileSync(list, names.map((name) => `${keys[name]?.publicKey} ${name}\n`).join(''))
    admit('server', 'good', 'revoked')
    const mesh = randomMesh()
    const told = faults()
    const security = (name: string) => allowList(list, { key: fileOf(name) })
    const server = await testPeer({ name: 'server', mesh, security: security('server') })
    await server.serve(Shop, handlers('server'))
    const good = await testPeer({ name: 'good', mesh, security: security('good') })
    const revoked = await testPeer({ name: 'revoked', mesh, security: security('revoked') })
    for (const peer of [good, revoked]) {
      expect(await peer.client(Shop, { timeoutMs: 10_000 }).place(order)).toMatchObject({
        total: 2,
      })
    }
    admit('server', 'good')
    await until(
      'the revoked one is cut off',
      () => !server.peers().some((one) => one.id === revoked.id),
    )
    await revoked.close()
    const counted = () => {
      const { badFrames, refusedHellos, doorRequests } = server.stats().counters
      return { badFrames, refusedHellos, doorRequests, links: server.stats().links.length }
    }
    const before = counted()
    for (const name of ['nobody', 'wrong', 'revoked']) {
      const refusals = told.length
      const keys = name === 'nobody' ? {} : curveOf(fileOf('server'), fileOf(name))
      const isLogged = (role: string) =>
        told.slice(refusals).some(({ code, text }) => {
          return code === 'EARSHOT_SECURITY' && text.includes(role)
        })
      // Outlet and door are opened anew for the revoked one: in between nobody hears a knock.
      await until(`${name} is refused and logged everywhere`, async () => {
        await knockAt(server, keys)
        expect(counted()).toEqual(before)
        return ['inbox', 'outlet', 'door'].every(isLogged)
      })
    }
    expect(await good.client(Shop).place(order)).toMatchObject({ total: 2 })
  })
})
