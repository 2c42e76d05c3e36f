// A peer behind a forwarded port whose link is cut: both sides dial anew, each where it can.

import { staticPeers } from 'earshot'
import { describe, expect, it } from 'vitest'
import { handlers, Shop } from '../support/contract.ts'
import { keysOf } from '../support/keys.ts'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { proxyTo } from '../support/proxy.ts'

const modes = {
  'host mode': () => () => ({}),
  'an allow list': () => {
    const { security } = keysOf()
    return (name: 'server' | 'caller') => ({ security: security(name) })
  },
}

describe.each(Object.entries(modes))('a link that is cut, with %s', (_, mode) => {
  it('is there again at once, and the peer is not down meanwhile', async () => {
    const mesh = randomMesh()
    const options = mode()
    const server = await testPeer({ name: 'server', mesh, discovery: [], ...options('server') })
    await server.serve(Shop, handlers('server'))
    const tcp = server.endpoints.inbox.find((at) => at.startsWith('tcp:')) as string
    const [address, key] = tcp.split('#') as [string, string | undefined]
    const { endpoint, cut } = await proxyTo(address)
    const discovery = [staticPeers([key === undefined ? endpoint : `${endpoint}#${key}`])]
    const caller = await testPeer({ name: 'caller', mesh, discovery, ...options('caller') })
    const changes: string[] = []
    const look = async () => {
      for await (const { type } of caller.watch()) changes.push(type)
    }
    void look()
    const order = { sku: 'a', count: 1 }
    await until('it is up', () => caller.peers().length === 1)
    const shop = caller.client(Shop)
    expect(await shop.place(order)).toEqual({ total: 2, by: 'server' })
    cut()
    await until('the cut is seen', () => caller.stats().links.length === 0)
    await until('there is a link again', () => caller.stats().links.length === 1)
    expect(await shop.place(order)).toEqual({ total: 2, by: 'server' })
    expect(changes).not.toContain('down')
  })
})
