// In what order interfaces are opened. The addresses are nobody's: their sockets fail, each alone.

import { describe, expect, it, vi } from 'vitest'
import { listInterfaces } from '../../../src/discovery/mdns/interfaces.ts'
import { socketsFor } from '../../../src/discovery/mdns/sockets.ts'
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts'

vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  networkInterfaces: () => ({
    lo: [{ ...ipv4('127.0.0.1'), internal: true }],
    eth7: [ipv4('10.254.99.1'), ipv6('fe80::7')],
    eth8: [ipv6('fe80::8')],
  }),
}))

const ipv4 = (address: string) => ({ address, netmask: '255.255.255.0', family: 'IPv4' })
const ipv6 = (address: string) => ({ address, netmask: 'ffff::', family: 'IPv6', internal: false })

describe('the sockets of a newcomer', () => {
  it('ask the network before this host, and IPv6 after IPv4 where there are both', async () => {
    const clock = createVirtualClock()
    const sockets = socketsFor('lan', clock)
    const heard = vi.fn()
    const user = { onPacket: heard, onUp: heard, onDown: heard, onResume: heard }
    sockets.join(user)
    const opened = () => sockets.lines().map(({ address }) => address)
    expect(opened()).toEqual(['10.254.99.1', 'fe80::8%eth8', '127.0.0.1'])
    await clock.advance(49)
    expect(opened()).toHaveLength(3)
    await clock.advance(1)
    expect(opened().at(-1)).toBe('fe80::7%eth7')
    sockets.leave(user)
  })

  it('of a host ask it alone', () => {
    expect(listInterfaces('host').map(({ address }) => address)).toEqual(['127.0.0.1'])
  })
})
