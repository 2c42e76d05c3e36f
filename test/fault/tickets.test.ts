// Tickets between processes: a server that stands still until its links are given up, and one that
// dies.

import { codecNames, contract, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, randomMesh, testPeer, until } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'

const Id = Type.Object({ id: Type.Integer() })
const Jobs = contract('test.jobs', '1.0.0', {
  once: request(Id, Type.Object({ id: Type.Integer(), by: Type.String() })),
})
const limits = { heartbeatMs: 100 }

describe.each(codecNames)('tickets between processes, in %s', (codec) => {
  it('outlive a server that stood still: every answer comes, no work is done twice', async () => {
    const mesh = randomMesh()
    const options = { codecs: [codec], limits, forMs: 150 }
    const worker = await startProcess('worker.js', [mesh, 'worker', JSON.stringify(options)])
    const caller = await testPeer({ name: 'caller', mesh, codecs: [codec], limits })
    const { once } = caller.client(Jobs)
    const tickets = Array.from({ length: 30 }, (_, id) => once.later({ id }))
    await Promise.all(tickets.map((ticket) => ticket.taken()))
    worker.kill('SIGSTOP')
    await until('it is given up', () => caller.peers().length === 0)
    worker.kill('SIGCONT')
    const answers = await Promise.all(tickets.map((ticket) => ticket.answer()))
    expect(answers).toEqual(tickets.map((_, id) => ({ id, by: 'worker' })))
    const { begun, stats } = await worker.ask({ do: 'stats' }, 'stats')
    expect(begun).toBe(30)
    await until('nothing is kept', async () => {
      const now = await worker.ask({ do: 'stats' }, 'stats')
      return (now.stats as { keptTickets: number }).keptTickets === 0
    })
    expect(stats).toMatchObject({ counters: { ticketsServed: 30, ticketsExpired: 0 } })
  })
})

describe('tickets of a server that was killed', () => {
  it('end at their deadline, and are told as perhaps done', async () => {
    const mesh = randomMesh()
    const worker = await startProcess('worker.js', [mesh, 'worker', '{"hangs":true}'])
    const caller = await testPeer({ name: 'caller', mesh })
    const ticket = caller.client(Jobs).once.later({ id: 1 }, { timeoutMs: 1_000 })
    await ticket.taken()
    worker.kill('SIGKILL')
    const late = { code: 'EARSHOT_TIMEOUT', sent: 'unknown' }
    expect(await failure(ticket.answer())).toMatchObject(late)
    expect(caller.stats().openTickets).toBe(0)
  })
})
