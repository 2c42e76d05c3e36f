// A mesh with a secret: its own get in, nobody else gets a byte in or out.

import { readFileSync } from 'node:fs'
import { askDoor, meshSecret } from 'earshot'
import { describe, expect, it } from 'vitest'
import * as zmq from 'zeromq'
import { deriveKeys, fromZ85, keysOf, z85 } from '../../src/security/keys.ts'
import { Shop } from '../support/contract.ts'
import { failure, faults, randomMesh, testPeer, until } from '../support/peers.ts'

const security = meshSecret('correct horse battery staple')
const handlers = {
  place: ({ count }: { count: number }) => ({ total: count, by: 'server' }),
  slow: () => ({ by: 'server' }),
  cancel: () => undefined,
  blob: () => undefined,
}

describe('keys', () => {
  it('are the same for the same secret and mesh, and others otherwise', async () => {
    const keys = await deriveKeys('sixteen letters!', 'a')
    expect(await deriveKeys('sixteen letters!', 'a')).toEqual(keys)
    expect((await deriveKeys('sixteen letters!', 'b')).publicKey).not.toBe(keys.publicKey)
    expect((await deriveKeys('sixteen letters?', 'a')).publicKey).not.toBe(keys.publicKey)
  })

  it('have the public half that libzmq gives them', () => {
    for (let at = 0; at < 20; at++) {
      const { publicKey, secretKey } = zmq.curveKeyPair()
      expect(keysOf(fromZ85(secretKey))).toEqual({ publicKey, secretKey })
    }
  })

  it('are written as Z85 as its specification says', () => {
    expect(z85(Buffer.from('864fd26fb559f75b', 'hex'))).toBe('HelloWorld')
  })

  it('are not made from a secret that is too short', async () => {
    const error = await failure(deriveKeys('too short', 'a'))
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/security' })
  })
})

describe('a mesh with a secret', () => {
  it('is one for those who know it, in every pattern', async () => {
    const mesh = randomMesh()
    const server = await testPeer({ name: 'server', mesh, security })
    await server.serve(Shop, handlers)
    const caller = await testPeer({ name: 'caller', mesh, security })
    expect(await caller.client(Shop).place({ sku: 'x', count: 3 })).toMatchObject({ total: 3 })
    const heard: number[] = []
    await caller.subscribe(Shop.placed, ({ id }) => heard.push(id))
    await server.publish(Shop.placed, { id: 7, text: 'x' })
    await until('the event is heard', () => heard.length === 1)
    const door = server.endpoints.door.at(-1) as string
    expect(await askDoor(door, { op: 'health' }, { security, mesh })).toMatchObject({ ok: true })
  })

  it('does not know those with another secret, or none, and says so', async () => {
    const mesh = randomMesh()
    const told = faults()
    const server = await testPeer({ name: 'server', mesh, security })
    await server.serve(Shop, handlers)
    const other = meshSecret('another secret entirely')
    for (const stranger of [
      await testPeer({ name: 'wrong', mesh, security: other }),
      await testPeer({ name: 'none', mesh }),
    ]) {
      const shop = stranger.client(Shop, { timeoutMs: 400 })
      const error = await failure(shop.place({ sku: 'x', count: 1 }))
      expect(error).toMatchObject({ code: 'EARSHOT_NO_SERVER' })
      expect(stranger.peers()).toEqual([])
    }
    expect(server.peers()).toEqual([])
    expect(told.some(({ area }) => area === 'link')).toBe(true)
    const door = server.endpoints.door.at(-1) as string
    const asked = askDoor(door, { op: 'health' }, { timeoutMs: 300 })
    expect(await failure(asked)).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
  })

  it('gives no byte to a raw socket without a key, or with a key of nobody', async () => {
    const mesh = randomMesh()
    const server = await testPeer({ name: 'server', mesh, security })
    const { publicKey: curveServerKey } = await deriveKeys('correct horse battery staple', mesh)
    const { publicKey, secretKey } = zmq.curveKeyPair()
    const stranger = { curveServerKey, curvePublicKey: publicKey, curveSecretKey: secretKey }
    const before = server.stats().counters.framesIn
    const refused = () => server.stats().counters.strangersRefused
    for (const keys of [{}, stranger]) {
      const refusedBefore = refused()
      const dealer = new zmq.Dealer({ linger: 0, receiveTimeout: 300, ...keys })
      dealer.connect(server.endpoints.inbox.at(-1) as string)
      const ear = new zmq.Subscriber({ linger: 0, receiveTimeout: 300, ...keys })
      ear.connect(server.endpoints.outlet.at(-1) as string)
      ear.subscribe()
      await dealer.send(Buffer.from([0xea, 1]))
      await server.publish(Shop.placed, { id: 1, text: 'secret' })
      await expect(dealer.receive()).rejects.toThrow()
      await expect(ear.receive()).rejects.toThrow()
      // Without a key the stranger may be the first to hang up, and nobody is seen.
      if (keys === stranger) await until('both count', () => refused() >= refusedBefore + 2)
      dealer.close()
      ear.close()
    }
    expect(server.stats().counters.framesIn).toBe(before)
  })

  it('writes its secret nowhere in the directory of the host', async () => {
    const mesh = randomMesh()
    const server = await testPeer({ name: 'server', mesh, security })
    const file = String(server.endpoints.inbox[0]).slice('ipc://'.length)
    const record = file.replace(/[^/]+$/, `${server.id}.json`)
    const { secretKey } = await deriveKeys('correct horse battery staple', mesh)
    expect(readFileSync(record, 'utf8')).not.toContain(secretKey)
  })
})
