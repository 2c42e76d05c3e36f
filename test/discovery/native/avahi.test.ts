// Owns the tests of the package `mdns` itself: with a real Avahi where it is installed, and its
// refusal where it is not. It is optional and has to be compiled, so both happen.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { nativeMdns } from '../../../src/discovery/native/native.ts'
import { Avahi, missingForAvahi } from '../mdns/avahi.ts'
import {
  compilePeer,
  ip,
  joinNamespaces,
  mayMakeNamespaces,
  PeerProcess,
  prefix,
  raiseLink,
} from '../mdns/networks.ts'
import { randomMesh } from '../support.ts'

function isInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('mdns')
    return true
  } catch {
    return false
  }
}

const hasPackage = isInstalled()
const isAble = hasPackage && mayMakeNamespaces() && missingForAvahi().length === 0
if (!hasPackage) console.warn('the package mdns is not installed: its refusal is tested instead')
else if (!isAble) console.warn('skipped: the package mdns needs root, `ip netns` and Avahi here')

if (!hasPackage) {
  describe('the package mdns, not installed', () => {
    it('is refused when the provider is made, with what to install', () => {
      const sentence = /cannot be loaded: install it.*or use mdns\(\)/
      expect(() => nativeMdns()).toThrow(sentence)
    })
  })
}

if (hasPackage) {
  describe.skipIf(!isAble)('the package mdns with a real Avahi', () => {
    const here = `${prefix}a`
    const there = `${prefix}b`
    let out: string
    let mesh: string
    let peers: PeerProcess[] = []
    let avahi: Avahi
    const start = (namespace: string, host: string, port: string, env = {}) => {
      const peer = new PeerProcess(out, namespace, { mesh, scope: 'lan', host, port, ...env })
      peers.push(peer)
      return peer
    }
    const startNative = (port: string) =>
      start(here, '10.77.0.1', port, { ...avahi.env, native: 'yes' })

    beforeAll(() => {
      out = compilePeer()
    })
    afterAll(() => rmSync(out, { recursive: true, force: true }))
    beforeEach(async () => {
      mesh = randomMesh()
      for (const name of [here, there]) ip('netns', 'add', name)
      joinNamespaces(here, there)
      raiseLink(here, there)
      avahi = new Avahi(here, [`${prefix}x`])
      await avahi.start()
    })
    afterEach(async () => {
      await Promise.all(peers.map((peer) => peer.end()))
      peers = []
      await avahi.stop()
      for (const name of [here, there]) spawnSync('ip', ['netns', 'del', name])
    })

    it('finds an embedded peer and is found by it, until one is killed', async () => {
      const native = startNative('4001')
      await native.until('synced')
      const embedded = start(there, '10.77.0.2', '4002')
      // Over IPv6 Avahi gives all addresses of its host, listened on or not.
      const inbox = expect.arrayContaining(['tcp://10.77.0.1:4001'])
      expect(await embedded.until('up')).toMatchObject({ peer: { id: native.id, mesh, inbox } })
      expect(await native.until('up')).toMatchObject({
        peer: { id: embedded.id, mesh, inbox: ['tcp://10.77.0.2:4002'] },
      })
      // The daemon notices that its client has died, and says goodbye for it.
      await native.end()
      expect(await embedded.until('down')).toMatchObject({ id: native.id, reason: 'goodbye' })
    })

    it('finds another of its kind on the same host, and hears it leave', async () => {
      const one = startNative('4001')
      await one.until('synced')
      const other = startNative('4002')
      expect(await one.until('up')).toMatchObject({ peer: { id: other.id } })
      expect(await other.until('up')).toMatchObject({ peer: { id: one.id } })
      other.tell('leave')
      expect(await one.until('down')).toMatchObject({ id: other.id })
    })

    it('says that the daemon is not running', async () => {
      await avahi.stop()
      const native = startNative('4001')
      expect((await native.until('fault')).message).toMatch(/avahi-daemon\?/)
    })
  })
}
