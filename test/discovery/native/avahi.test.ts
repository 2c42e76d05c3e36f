// Owns the tests of the package `mdns` itself: with a real Avahi where it is installed, and its
// refusal where it is not. It is optional and has to be compiled, so both happen.

import { createRequire } from 'node:module'
import { beforeEach, describe, expect, it } from 'vitest'
import { nativeMdns } from '../../../src/discovery/native/native.ts'
import { missingForAvahi } from '../../support/avahi.ts'
import { mayMakeNamespaces } from '../../support/networks.ts'
import { withTwoHosts } from '../../support/two-hosts.ts'

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
    const hosts = withTwoHosts()
    const { here, there, start } = hosts
    const startNative = (port: string) =>
      start(here, '10.77.0.1', port, { ...hosts.avahi.env, native: 'yes' })

    beforeEach(() => hosts.avahi.start())

    it('finds an embedded peer and is found by it, until one is killed', async () => {
      const native = startNative('4001')
      await native.until('synced')
      const embedded = start(there, '10.77.0.2', '4002')
      // Over IPv6 Avahi gives all addresses of its host, listened on or not.
      const inbox = expect.arrayContaining(['tcp://10.77.0.1:4001'])
      expect(await embedded.until('up')).toMatchObject({
        peer: { id: native.id, mesh: hosts.mesh, inbox },
      })
      expect(await native.until('up')).toMatchObject({
        peer: { id: embedded.id, mesh: hosts.mesh, inbox: ['tcp://10.77.0.2:4002'] },
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
      await hosts.avahi.stop()
      const native = startNative('4001')
      expect((await native.until('fault')).message).toMatch(/avahi-daemon\?/)
    })
  })
}
