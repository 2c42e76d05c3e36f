// Who is on the list hears hellos that are said to him, and says them again in places where they
// are not his: to another, later, over a link of his own. None of it makes him anybody else.

import { staticPeers } from 'earshot'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { readKeyFile } from '../../src/security/key-file.ts'
import { Kind } from '../../src/wire/record.ts'
import { type Keys, keysOf, knows } from '../support/keys.ts'
import { testPeer, until } from '../support/peers.ts'
import { rawDealer, rawPeer } from '../support/raw-peer.ts'
import { nextFrame, record } from '../support/strangers.ts'

/** A ROUTER with the key of `other`, where a peer believes an inbox: what it is told first. */
async function listening(keys: Keys) {
  const { secretKey: curveSecretKey } = readKeyFile(keys.keyFile('other'))
  const router = new zmq.Router({ linger: 0, curveServer: true, curveSecretKey })
  onTestFinished(() => router.close())
  await router.bind('tcp://127.0.0.1:*')
  const told = (async () => {
    const [, frame] = await router.receive()
    const text = String(frame)
    return JSON.parse(text.slice(text.indexOf('{'))) as Record<string, unknown>
  })()
  return { endpoint: `${router.lastEndpoint}#${keys.keys.other.publicKey}`, told }
}

describe('a hello that somebody on the list has heard', () => {
  it('is worth nothing anywhere else, as it is or changed', async () => {
    const keys = keysOf()
    const { endpoint, told } = await listening(keys)
    const { mesh, security } = keys
    const server = await testPeer({ name: 'server', mesh, security: security('server') })
    const discovery = ['directory' as const, staticPeers([endpoint])]
    const caller = await testPeer({ name: 'caller', mesh, security: security('caller'), discovery })
    await knows(server, caller)
    const hello = await told
    expect(hello).toMatchObject({ id: caller.id, key: keys.keys.caller.publicKey })
    const before = server.stats()
    const changes = [{}, { epoch: caller.epoch + 1 }, { dialled: server.endpoints.inbox.at(-1) }]
    for (const change of changes) {
      const dealer = rawDealer(keys, server, 'other')
      await dealer.send(record(Kind.hello, { ...hello, ...change }))
      const answer = await nextFrame(dealer)
      expect([answer[2], String(answer)]).toEqual([
        ...[Kind.refuse, expect.stringContaining('not by the owner of its key')],
      ])
      // Nor does the same connection get another try.
      dealer.receiveTimeout = 200
      await dealer.send(record(Kind.hello, { ...hello, ...change }))
      await expect(dealer.receive()).rejects.toThrow()
    }
    const { counters, links } = server.stats()
    expect(counters.refusedHellos - before.counters.refusedHellos).toBe(changes.length)
    expect(counters.strangersRefused - before.counters.strangersRefused).toBe(changes.length)
    expect(counters.peersUp).toBe(before.counters.peersUp)
    // Of two who find each other both may have dialled.
    expect(new Set(links.map(({ peer }) => peer.id))).toEqual(new Set([caller.id]))
    expect(server.peers().map(({ id, epoch }) => [id, epoch])).toEqual([[caller.id, caller.epoch]])
  })

  it('makes him nobody else on a link that is his own', async () => {
    const keys = keysOf()
    const { endpoint, told } = await listening(keys)
    const { mesh, security } = keys
    const server = await testPeer({ name: 'server', mesh, security: security('server') })
    const discovery = [staticPeers([endpoint])]
    await testPeer({ name: 'caller', mesh, security: security('caller'), discovery })
    const hello = await told
    const { dealer, hello: own } = await rawPeer(keys, server, 'other')
    const { badFrames } = server.stats().counters
    await dealer.send(record(Kind.hello, hello))
    await until('it is counted', () => server.stats().counters.badFrames === badFrames + 1)
    expect(server.peers().map(({ id }) => id)).toEqual([own.id])
    expect(server.peers()[0]?.key).toBe(keys.keys.other.fingerprint)
  })
})
