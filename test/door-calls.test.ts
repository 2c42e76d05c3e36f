// Calls at the door of a peer that serves the channel itself: as it leaves, with delays, where
// others wait, in many versions.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { askDoor, contract, notification, type Peer, request } from 'earshot'
import { Type } from 'typebox'
import { expect, it } from 'vitest'
import { doorway } from './support/doorway.ts'
import { failure, randomMesh, testPeer, until } from './support/peers.ts'

const Job = Type.Object({ n: Type.Integer() })
const channels = {
  ask: request(Job, Job),
  note: notification(Job),
  late: notification(Job, { delayMs: 500 }),
}
const Work = contract('test.work', '1.2.0', channels)
const Later = contract('test.work', '1.4.0', { ...channels, more: request(Job, Job) })
const Next = contract('test.work', '2.0.0', { ask: request(Job, Type.String()) })

const alone = () => testPeer({ name: 'a', mesh: randomMesh(), discovery: [] })
const nothing = () => undefined
const handlers = { ask: (job: { n: number }) => job, note: nothing, late: nothing }

const call = (peer: Peer, channel: string, n: number, more = {}) =>
  askDoor(
    peer.endpoints.door[0] as string,
    { op: 'call', contract: 'test.work', channel, body: { n }, ...more },
    { timeoutMs: 10_000 },
  )

it('a call that is at work when its peer closes is answered', async () => {
  const peer = await alone()
  const door = doorway()
  let begun = 0
  await peer.serve(Work, {
    ...handlers,
    ask: async (job) => {
      begun++
      await door.passed
      return job
    },
  })
  const answered = call(peer, 'ask', 7)
  await until('it is at work', () => begun === 1)
  const closed = peer.close()
  door.open()
  expect(await answered).toEqual({ ok: true, reply: { n: 7 } })
  await closed
  expect(begun).toBe(1)
})

it('a call at a peer that leaves is refused', async () => {
  const peer = await alone()
  const door = doorway()
  let begun = 0
  await peer.serve(Work, {
    ...handlers,
    note: async () => {
      begun++
      await door.passed
    },
  })
  await call(peer, 'note', 1)
  await until('it is at work', () => begun === 1)
  const closed = peer.close()
  const { data } = await failure(call(peer, 'ask', 2))
  expect(data).toMatchObject({ remote: { code: 'EARSHOT_CLOSED', sent: 'no' } })
  door.open()
  await closed
})

it('a notification that was written is handled before a close ends', async () => {
  const peer = await alone()
  const door = doorway()
  const handled: number[] = []
  await peer.serve(Work, {
    ...handlers,
    note: async ({ n }) => {
      await door.passed
      handled.push(n)
    },
  })
  expect(await call(peer, 'note', 5)).toMatchObject({ reply: { became: 'written' } })
  const closed = peer.close()
  door.open()
  await closed
  expect(handled).toEqual([5])
})

it('a notification that is sent later than its time-out is not lost', async () => {
  const peer = await alone()
  const handled: number[] = []
  await peer.serve(Work, {
    ...handlers,
    late: ({ n }) => {
      handled.push(n)
    },
  })
  expect(await call(peer, 'late', 9, { timeoutMs: 20 })).toHaveProperty('reply.became')
  await until('it is handled', () => handled.length === 1)
  expect(handled).toEqual([9])
})

it('notifications that wait for their turn keep no more than themselves', async () => {
  const peer = await alone()
  const door = doorway()
  let begun = 0
  const note = async () => {
    begun++
    await door.passed
  }
  await peer.serve(Work, { ...handlers, note }, { concurrency: 1 })
  await call(peer, 'note', 0)
  await until('the first is at work', () => begun === 1)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const before = process.memoryUsage().arrayBuffers
  const count = 200
  for (let n = 0; n < count; n++) await call(peer, 'note', n)
  expect(begun).toBe(1)
  // The link that was made for each has 256 KB to write into; they are swept by and by.
  await until('they are let go', () => {
    collect()
    return (process.memoryUsage().arrayBuffers - before) / count < 32_768
  })
  door.open()
  await until('all are handled', () => begun === count + 1)
})

it('the version that is served is called, whichever was learned first', async () => {
  const peer = await alone()
  peer.client(Next)
  peer.client(Later)
  await peer.serve(Work, handlers)
  expect(await call(peer, 'ask', 3)).toEqual({ ok: true, reply: { n: 3 } })
  expect(await call(peer, 'ask', 4, { major: 1 })).toEqual({ ok: true, reply: { n: 4 } })
  const { data } = await failure(call(peer, 'ask', 5, { major: 2, timeoutMs: 50 }))
  expect(data).toMatchObject({ remote: { code: 'EARSHOT_NO_SERVER' } })
})
