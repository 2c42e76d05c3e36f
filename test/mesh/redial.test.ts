// A peer behind an address that leads to somebody else when its link is cut.

import { staticPeers } from 'earshot'
import { expect, it } from 'vitest'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { proxyTo } from '../support/proxy.ts'

it('a peer is dialled where it says it is when another has its address by now', async () => {
  const mesh = randomMesh()
  const one = await testPeer({ name: 'one', mesh, discovery: [] })
  const other = await testPeer({ name: 'other', mesh, discovery: [] })
  const tcpOf = ({ endpoints }: typeof one) =>
    endpoints.inbox.find((endpoint) => endpoint.startsWith('tcp:')) as string
  const { endpoint, cut, lead } = await proxyTo(tcpOf(one))
  const caller = await testPeer({ name: 'caller', mesh, discovery: [staticPeers([endpoint])] })
  const changes: string[] = []
  const look = async () => {
    for await (const { type, peer } of caller.watch()) changes.push(`${peer.name} ${type}`)
  }
  void look()
  await until('it is up', () => caller.peers().length === 1)
  lead(tcpOf(other))
  cut()
  // Who answers behind the old address is somebody else, or is too late to be listened to.
  const isThere = () => {
    const at = caller.peers().find(({ name }) => name === 'one')?.endpoint
    return at !== undefined && at !== 'none' && at !== endpoint
  }
  await until('it is dialled where it is', isThere)
  expect(changes).toEqual(expect.arrayContaining(['one up']))
  expect(changes).not.toContain('one down')
})

it('a peer that comes is told with where it was reached', async () => {
  const mesh = randomMesh()
  const one = await testPeer({ name: 'one', mesh, discovery: [] })
  const endpoint = one.endpoints.inbox.find((at) => at.startsWith('tcp:')) as string
  const caller = await testPeer({ name: 'caller', mesh, discovery: [staticPeers([endpoint])] })
  for await (const { type, peer } of caller.watch()) {
    if (type !== 'up') continue
    expect(peer.tried).toMatchObject([{ endpoint, outcome: 'linked' }])
    break
  }
})
