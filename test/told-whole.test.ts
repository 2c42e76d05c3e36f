// What is near a limit, or on its way while something changes, is told: never lost in silence.

import { askDoor, codecNames, contract, isDeclared, notification, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, faults, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const Job = Type.Object({ id: Type.Integer() })
const Works = contract('test.works', '1.0.0', {
  build: request(Job, Job, { errors: { Broken: Type.Object({ part: Type.String() }) } }),
  note: notification(Job),
})
const build = (job: { id: number }) => job
const note = () => undefined
const MAX_HEADER_BYTES = 8_192
/** Headers of so many bytes as JSON. */
const headersOf = (bytes: number) => ({ x: 'x'.repeat(bytes - '{"x":""}'.length) })

describe.each(codecNames)('headers in %s', (codec) => {
  it('at their limit go with a ticket as with a request, and beyond it with neither', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    const bytes: number[] = []
    await a.serve(Works, {
      build: (job, { headers }) => {
        bytes.push(JSON.stringify(headers).length)
        return job
      },
      note,
    })
    const { build: method } = b.client(Works)
    const headers = headersOf(MAX_HEADER_BYTES)
    expect(await method({ id: 1 }, { headers })).toEqual({ id: 1 })
    expect(await method.later({ id: 2 }, { headers }).answer()).toEqual({ id: 2 })
    expect(bytes).toEqual([MAX_HEADER_BYTES, MAX_HEADER_BYTES])
    const tooMany = { headers: headersOf(MAX_HEADER_BYTES + 1) }
    for (const ended of [method({ id: 3 }, tooMany), method.later({ id: 3 }, tooMany).answer()]) {
      expect(await failure(ended)).toMatchObject({ code: 'EARSHOT_OPTION_INVALID' })
    }
    expect(a.stats().counters.badFrames).toBe(0)
  })
})

it('headers that the other side takes fewer of are told at once, for tickets as well', async () => {
  faults()
  const [a, b] = await pairOf({ limits: { maxHeaderBytes: 1_000 } })
  await a.serve(Works, { build, note })
  const { build: method } = b.client(Works)
  expect(await method({ id: 1 })).toEqual({ id: 1 })
  const options = { headers: headersOf(2_000) }
  for (const ended of [method({ id: 1 }, options), method.later({ id: 2 }, options).answer()]) {
    const { code, message } = (await failure(ended)) as { code: string; message: string }
    expect([code, message]).toEqual([
      'EARSHOT_BYTES_INVALID',
      expect.stringMatching(/more than 1000 \(maxHeaderBytes\)/),
    ])
  }
})

it.each(['earshot-ticket', 'earshot-channel', 'earshot-budget'])(
  'a header that is the own of a ticket is refused: %s',
  async (name) => {
    const [a, b] = await pairOf()
    await a.serve(Works, { build, note })
    const error = await failure(
      b
        .client(Works)
        .build.later({ id: 1 }, { headers: { [name]: '1' } })
        .answer(),
    )
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: `/headers/${name}` })
  },
)

it.each([
  ['long', 'x'.repeat(9_000)],
  ['of three bytes a character', '日'.repeat(3_000)],
  ['of control characters', '\u0001'.repeat(3_000)],
])('a declared error arrives with as much of its message as goes: %s', async (_, message) => {
  const [a, b] = await pairOf({}, { limits: { maxHeaderBytes: 500 } })
  await a.serve(Works, {
    build: (_job, context) => {
      throw context.error('Broken', { part: 'axle' }, message)
    },
    note,
  })
  const { build: method } = b.client(Works)
  for (const ended of [method({ id: 1 }), method.later({ id: 1 }).answer()]) {
    const error = await failure(ended)
    expect(isDeclared(Works.build, error)).toBe(true)
    expect(error.message).toContain(message.slice(0, 500))
  }
  expect(b.stats().counters.badFrames).toBe(0)
})

it('what comes while a service is withdrawn goes to another peer', async () => {
  const mesh = randomMesh()
  const [leaving, staying, caller] = await Promise.all(
    ['leaving', 'staying', 'caller'].map((name) => testPeer({ name, mesh })),
  )
  if (!leaving || !staying || !caller) throw new Error('three were started')
  const service = await leaving.serve(Works, { build, note })
  await staying.serve(Works, { build, note })
  const client = caller.client(Works, { retry: { tries: 8, baseMs: 100 } })
  await until('both are known to serve', () => {
    return caller.peers().filter(({ contracts }) => contracts.length > 0).length === 2
  })
  // In one turn: the caller has not heard of it.
  const closed = service.close()
  const calls = Array.from({ length: 2 }, (_, id) => client.build({ id }))
  const notes = Array.from({ length: 2 }, (_, id) => client.note({ id }, { until: 'handled' }))
  expect(await Promise.all(calls)).toHaveLength(2)
  for (const verdict of await Promise.all(notes)) {
    expect(verdict).toEqual({ became: 'handled', to: staying.id })
  }
  await closed
  expect(caller.stats().counters.requestsRetried).toBeGreaterThan(0)
})

it('a call at the door that was made says that it may have been handled', async () => {
  faults()
  const [a] = await pairOf()
  let begun = 0
  await a.serve(Works, {
    build: () => {
      begun++
      throw new Error('on purpose')
    },
    note,
  })
  const call = { op: 'call', contract: 'test.works', channel: 'build', body: { id: 1 } }
  const error = await failure(askDoor(a.endpoints.door[0] as string, call))
  expect(error).toMatchObject({ code: 'EARSHOT_DOOR', sent: 'unknown' })
  expect(begun).toBe(1)
  const refused = await failure(
    askDoor(a.endpoints.door[0] as string, { ...call, channel: 'nothing' }),
  )
  expect(refused).toMatchObject({ code: 'EARSHOT_DOOR', sent: 'no' })
})

it('what is no way to wait for a ticket is refused by name', async () => {
  const [a, b] = await pairOf()
  await a.serve(Works, { build, note })
  const ticket = b.client(Works).build.later({ id: 1 })
  for (const [options, path] of [
    [null, ''],
    [{ signal: 'x' }, '/signal'],
    [{ timeoutMs: '5' }, '/timeoutMs'],
  ] as const) {
    const error = await failure(ticket.answer(options as never))
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
  }
  expect(await ticket.answer()).toEqual({ id: 1 })
})
