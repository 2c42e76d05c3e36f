// A stranger with a raw ZeroMQ binding who speaks of events told by links, and says nothing that
// the grammar has: it is counted as bad, and not taken for a frame.

import { expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { Kind } from '../../src/wire/record.ts'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { helloOf, record } from '../support/strangers.ts'

it('what is said aside and is neither a wish nor a frame is bad', async () => {
  const peer = await testPeer({ name: 'a', mesh: randomMesh() })
  const stranger = new zmq.Dealer({ linger: 0 })
  onTestFinished(() => stranger.close())
  stranger.connect(peer.endpoints.inbox.find((one) => one.startsWith('ipc')) as string)
  await stranger.send(record(Kind.hello, helloOf(peer.mesh)))
  for (const bytes of [[], [4], [9, 1, 2], [0], [1, 7]]) {
    await stranger.send(record(Kind.aside, Buffer.from(bytes)))
  }
  await until('each is counted', () => peer.stats().counters.badFrames === 5)
  expect(peer.stats().counters.handlerErrors).toBe(0)
})
