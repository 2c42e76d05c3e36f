import { describe, expect, it } from 'vitest'
import { atHost, hasZone, placeOf, tcpEndpoint } from '../../src/base/address.ts'

describe('an endpoint of TCP', () => {
  it.each([
    ['10.0.0.7', 'tcp://10.0.0.7:4000'],
    ['orders.svc', 'tcp://orders.svc:4000'],
    ['::1', 'tcp://[::1]:4000'],
    ['fe80::1%eth0', 'tcp://[fe80::1%eth0]:4000'],
  ])('at %s is %s, and is read again as it was, with a key behind it, too', (host, endpoint) => {
    expect(tcpEndpoint(host, 4_000)).toBe(endpoint)
    expect(placeOf(endpoint)).toEqual({ host, port: 4_000 })
    expect(placeOf(`${endpoint}#key`)).toEqual({ host, port: 4_000 })
    expect(atHost('tcp://[fd00::9]:4000', host)).toBe(endpoint)
    expect(atHost('tcp://192.0.2.9:4000#key', host)).toBe(`${endpoint}#key`)
    expect(hasZone(endpoint)).toBe(host.includes('%'))
  })

  it.each(['ipc:///tmp/a:1', 'tcp://::1:4000', 'tcp://[::1]', 'tcp://10.0.0.7:', 'sim://a'])(
    'is not what %s is',
    (other) => expect(placeOf(other)).toBeUndefined(),
  )
})
