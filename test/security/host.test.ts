// Without any setting: loopback is for this user alone, by a key kept in the runtime directory.

import { execFile } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { askDoor, insecure } from 'earshot'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { userDirectory } from '../../src/discovery/runtime-directory.ts'
import { hostTrust } from '../../src/security/host-key.ts'
import { Shop } from '../support/contract.ts'
import { failure, faults, pairOf, randomMesh, testPeer, until } from '../support/peers.ts'

const keyFile = () => join(userDirectory(), 'loopback-key.json')
const folder = () => mkdtempSync(join(tmpdir(), 'es-host-'))

async function ask(endpoint: string, keys: object): Promise<string> {
  const socket = new zmq.Request({ linger: 0, receiveTimeout: 1_000, sendTimeout: 1_000, ...keys })
  try {
    socket.connect(endpoint)
    await socket.send('{"op":"health"}')
    return String((await socket.receive())[0])
  } finally {
    socket.close()
  }
}

describe('a peer without any setting', () => {
  it('gives no byte over loopback to who cannot read the key of this user', async () => {
    const told = faults()
    const peer = await testPeer({ name: 'x', mesh: randomMesh() })
    const [, inbox] = peer.endpoints.inbox
    const [, outlet] = peer.endpoints.outlet
    const [, door] = peer.endpoints.door
    const { publicKey: curveServerKey } = hostTrust(userDirectory()).own
    const { publicKey, secretKey } = zmq.curveKeyPair()
    const stranger = { curveServerKey, curvePublicKey: publicKey, curveSecretKey: secretKey }
    const before = peer.stats().counters
    for (const keys of [{}, stranger]) {
      const dealer = new zmq.Dealer({ linger: 0, receiveTimeout: 300, sendTimeout: 300, ...keys })
      const ear = new zmq.Subscriber({ linger: 0, receiveTimeout: 300, ...keys })
      dealer.connect(inbox as string)
      ear.connect(outlet as string)
      ear.subscribe()
      await dealer.send(Buffer.from([0xea, 1])).catch(() => undefined)
      await peer.publish(Shop.placed, { id: 1, text: 'secret' })
      await expect(dealer.receive()).rejects.toThrow()
      await expect(ear.receive()).rejects.toThrow()
      await expect(ask(door as string, keys)).rejects.toThrow()
      dealer.close()
      ear.close()
    }
    const { framesIn, badFrames, doorRequests } = peer.stats().counters
    expect([framesIn, badFrames, doorRequests]).toEqual([
      before.framesIn,
      before.badFrames,
      before.doorRequests,
    ])
    const refused = told.filter(({ code, text }) => {
      return code === 'EARSHOT_SECURITY' && text.includes('no key of this mesh')
    })
    expect(refused).toHaveLength(3)
  })

  it('answers this user: over ipc anybody, over loopback with the key', async () => {
    const peer = await testPeer({ name: 'x', mesh: randomMesh() })
    const [ipc, tcp] = peer.endpoints.door
    expect(JSON.parse(await ask(ipc as string, {}))).toMatchObject({ ok: true })
    const { publicKey, secretKey } = JSON.parse(readFileSync(keyFile(), 'utf8'))
    const keys = {
      ...{ curveServerKey: publicKey, curvePublicKey: publicKey },
      curveSecretKey: secretKey,
    }
    expect(JSON.parse(await ask(tcp as string, keys))).toMatchObject({ ok: true })
    expect(await askDoor(ipc as string, { op: 'health' })).toMatchObject({ ok: true })
    expect(await askDoor(tcp as string, { op: 'health' })).toMatchObject({ ok: true })
  })

  it('meets others over loopback, also when their sockets are in other directories', async () => {
    const discovery = ['mdns'] as const
    const [a, b] = await pairOf(
      { directory: folder(), discovery },
      { directory: folder(), discovery },
    )
    await a.serve(Shop, {
      place: ({ count }) => ({ total: count, by: 'a' }),
      slow: () => ({ by: 'a' }),
      cancel: () => undefined,
      blob: () => undefined,
    })
    expect(await b.client(Shop).place({ sku: 'x', count: 2 })).toMatchObject({ total: 2 })
    expect(b.peers()[0]).toMatchObject({ transport: 'tcp', key: undefined, roles: [] })
  })

  it('keeps the key where this user alone can read it', () => {
    hostTrust(userDirectory())
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600)
  })
})

describe('the key of a user', () => {
  it('is one, however many peers come first at the same time', async () => {
    const place = folder()
    const module_ = new URL('../../dist/src/security/host-key.js', import.meta.url).href
    const code = `
      import { hostTrust } from ${JSON.stringify(module_)}
      console.log(hostTrust(${JSON.stringify(place)}).own.publicKey)`
    const run = promisify(execFile)
    const args = ['--input-type=module', '-e', code]
    const all = await Promise.all(
      Array.from({ length: 6 }, () => run(process.execPath, args).then(({ stdout }) => stdout)),
    )
    expect(new Set(all).size).toBe(1)
    expect(readdirSync(place)).toEqual(['loopback-key.json'])
  })

  it.each([
    ['that others can read', (path: string) => chmodSync(path, 0o644), 'chmod 600'],
    ['that is damaged', (path: string) => writeFileSync(path, '{}'), 'holds no key'],
  ])('%s is refused, with its file', (_what, spoil, says) => {
    const place = folder()
    hostTrust(place)
    const path = join(place, 'loopback-key.json')
    spoil(path)
    expect(() => hostTrust(place)).toThrow(
      expect.objectContaining({
        code: 'EARSHOT_TRUST_INVALID',
        message: expect.stringContaining(says),
      }),
    )
    expect(existsSync(path)).toBe(true)
  })
})

describe('insecure()', () => {
  it('says what it means: in diagnostics at each start, on stderr once', async () => {
    const told = faults()
    const warnings: Error[] = []
    const take = (warning: Error) => void warnings.push(warning)
    process.on('warning', take)
    onTestFinished(() => void process.off('warning', take))
    const options = { mesh: randomMesh(), discovery: [], security: insecure() }
    await testPeer({ name: 'first', ...options })
    await testPeer({ name: 'second', ...options })
    const text = expect.stringMatching(/any stranger .* stop the process/)
    expect(told.filter(({ code }) => code === 'EARSHOT_INSECURE')).toMatchObject([
      { text },
      { text },
    ])
    await until('it is on stderr', () => warnings.length > 0)
    expect(warnings).toMatchObject([{ code: 'EARSHOT_INSECURE', message: text }])
  })

  it('lets a stranger in, over loopback too: that is what it means', async () => {
    const options = { mesh: randomMesh(), discovery: [], security: insecure() }
    const peer = await testPeer({ name: 'x', ...options })
    const door = peer.endpoints.door.at(-1) as string
    expect(JSON.parse(await ask(door, {}))).toMatchObject({ ok: true })
    const mistaken = await failure(askDoor(door, { op: 'health' }, { timeoutMs: 300 }))
    expect(mistaken).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
  })
})
