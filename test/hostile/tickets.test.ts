// A stranger with a raw ZeroMQ binding who asks for, claims and ends tickets that are not his, or
// none. The peer lives, counts, and goes on serving.

import { contract, request } from 'earshot'
import fc from 'fast-check'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { HEADERS_BIT, Kind } from '../../src/wire/record.ts'
import { doorway } from '../support/doorway.ts'
import { faults, pairOf, until } from '../support/peers.ts'
import { helloOf, record } from '../support/strangers.ts'

const Id = Type.Object({ id: Type.Integer() })
const Works = contract('test.works', '1.0.0', { build: request(Id, Id) })
const seed = Number(process.env.EARSHOT_SEED ?? Date.now() % 2 ** 31)

function ticket(doing: number, headers: unknown, body = ''): Buffer {
  const text = Buffer.from(JSON.stringify(headers))
  const head = Buffer.from([doing, (text.length & 0x7f) | 0x80, text.length >> 7])
  return record(Kind.ticket | HEADERS_BIT, Buffer.concat([head, text, Buffer.from(body)]))
}

describe('a stranger who speaks of tickets', () => {
  it('neither stops the peer, nor ends a ticket of somebody else', async () => {
    const seen = faults()
    const [a, b] = await pairOf({ limits: { maxBadFrames: 100_000 } })
    const door = doorway()
    await a.serve(Works, { build: (job) => door.passed.then(() => job) })
    const own = b.client(Works).build.later({ id: 1 })
    await own.taken()
    const stranger = new zmq.Dealer({ linger: 0, sendHighWaterMark: 0 })
    onTestFinished(() => stranger.close())
    stranger.connect(a.endpoints.inbox.find((one) => one.startsWith('ipc')) as string)
    await stranger.send(record(Kind.hello, helloOf(a.mesh, { credit: 1_000_000_000 })))
    const id = own.id
    for (const doing of [0, 1, 2, 3, 4, 5, 6, 7, 8, 99]) {
      await stranger.send(ticket(doing, { 'earshot-ticket': id }, '{}'))
      await stranger.send(ticket(doing, { 'earshot-ticket': 'x' }))
      await stranger.send(ticket(doing, { 'earshot-ticket': id, 'earshot-channel': '-1' }))
      await stranger.send(ticket(doing, {}))
      await stranger.send(ticket(doing, [1]))
      await stranger.send(record(Kind.ticket, Buffer.from([doing])))
    }
    const word = fc.record({
      doing: fc.nat(9),
      id: fc.constantFrom(id, 'ab'.repeat(16), ''),
      code: fc.constantFrom('0', '8', '9', '11', '999999', '1e9', ''),
      budget: fc.constantFrom('0', '1', '999999999999999', 'x'),
      body: fc.constantFrom('', '{"id":1}', '{"id":', '\u0000'),
    })
    for (const { doing, id: name, code, budget, body } of fc.sample(word, { seed, numRuns: 500 })) {
      const headers = { 'earshot-ticket': name, 'earshot-channel': code, 'earshot-budget': budget }
      await stranger.send(ticket(doing === 3 ? 2 : doing, headers, body))
    }
    await until(`the bad are counted (seed ${seed})`, () => a.stats().counters.badFrames > 40)
    door.open()
    const claimed = a.stats().keptTickets > 0
    expect(claimed).toBe(true)
    expect(await b.client(Works).build({ id: 2 })).toEqual({ id: 2 })
    expect(seen.every(({ code }) => code === 'EARSHOT_BYTES_INVALID')).toBe(true)
  })
})
