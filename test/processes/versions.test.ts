// Peers in processes of their own with several versions of one contract: minors read each other
// both ways in every codec, majors live side by side, what does not go together is said at once.

import { describe, expect, it } from 'vitest'
import { randomMesh, until } from '../support/peers.ts'
import { type PeerProcess, startVersioned } from '../support/processes.ts'

interface Seen {
  readonly by: string
  readonly body: unknown
  readonly codec: string
  readonly contentType: string
}

interface State {
  readonly seen: readonly Seen[]
  readonly faults: readonly { readonly text: string; readonly code?: string }[]
  readonly peers: readonly {
    readonly name: string
    readonly contracts: readonly { readonly version: string }[]
    readonly mismatches: readonly Record<string, string>[]
  }[]
  readonly missed: number
}

async function state(peer: PeerProcess): Promise<State> {
  return (await peer.ask({ do: 'state' }, 'state')) as unknown as State
}

/** Each knows what the others serve. */
async function met(...peers: readonly PeerProcess[]): Promise<void> {
  for (const peer of peers) {
    await until('all are known', async () => {
      const known = (await state(peer)).peers.filter(({ contracts }) => contracts.length > 0)
      return known.length === peers.length - 1
    })
  }
}

function call(peer: PeerProcess, body: object, more: object = {}) {
  return peer.ask({ do: 'call', body, ...more }, 'called')
}

/** What was seen after `work` that `by` tells. */
async function seenBy(peer: PeerProcess, by: string, work: () => Promise<unknown>): Promise<Seen> {
  const before = (await state(peer)).seen.length
  await work()
  let found: Seen | undefined
  await until(`${by} has seen it`, async () => {
    found = (await state(peer)).seen.slice(before).find((one) => one.by === by)
    return found !== undefined
  })
  return found as Seen
}

describe.each(['json', 'msgpack', 'avro', 'protobuf'])('minor versions in %s', (codec) => {
  it('talk both ways: defaults are filled, unknown fields skipped', async () => {
    const mesh = randomMesh()
    const options = { codecs: [codec] }
    const [older, newer] = await Promise.all([
      startVersioned(mesh, 'older', { serves: ['1.2.0'], uses: '1.2.0', options }),
      startVersioned(mesh, 'newer', { serves: ['1.4.0'], uses: '1.4.0', options }),
    ])
    await met(older, newer)
    const contentType = `application/vnd.test.orders+${codec}; version=1`

    const old = { sku: 'a', count: 2, size: 'large' }
    const asked = await seenBy(newer, '1.4.0', async () => {
      // The reader's default of a reply travels as nothing to who does not know the field.
      expect(await call(older, old)).toMatchObject({ value: { total: 4, by: 'newer 1.4.0' } })
    })
    expect(asked).toMatchObject({ body: { ...old, priority: 'normal' }, codec, contentType })

    const full = { ...old, size: 'huge', priority: 'high', marks: ['x', 'y'], note: 'n' }
    const asks = await seenBy(older, '1.2.0', async () => {
      const answer = await call(newer, full)
      expect(answer).toMatchObject({ value: { total: 4, by: 'older 1.2.0', days: 3 } })
    })
    expect(asks.body).toEqual({ sku: 'a', count: 2, size: 'small', note: 'n' })

    for (const peer of [older, newer]) {
      const { error } = await call(peer, { ...old, sku: 'broken' })
      expect(error).toMatchObject({ code: 'EARSHOT_REMOTE' })
    }

    const cancel = (peer: PeerProcess, body: object) => () =>
      peer.ask({ do: 'cancel', body }, 'cancelled')
    const told = await seenBy(newer, '1.4.0', cancel(older, { id: 7 }))
    expect(told).toMatchObject({ body: { id: 7, why: 'none' }, codec })
    const tells = await seenBy(older, '1.2.0', cancel(newer, { id: 8, why: 'late' }))
    expect(tells.body).toEqual({ id: 8 })

    const publish = (peer: PeerProcess, body: object) => async () => {
      const verdict = await peer.ask({ do: 'publish', body }, 'published')
      expect(verdict).toMatchObject({ value: { became: 'written', listeners: 1 } })
    }
    const event = await seenBy(newer, 'heard 1.4.0', publish(older, { id: 1, text: 't' }))
    expect(event).toMatchObject({ body: { id: 1, text: 't', source: 'web' }, codec, contentType })
    const other = { id: 2, text: 'u', source: 'shop' }
    const events = await seenBy(older, 'heard 1.2.0', publish(newer, other))
    expect(events.body).toEqual({ id: 2, text: 'u' })
    for (const peer of [older, newer]) {
      const { missed, faults } = await state(peer)
      expect(missed).toBe(0)
      const expected = faults.filter(({ text }) => !text.includes('it is broken'))
      expect(expected).toEqual([])
    }
  })
})

describe('two majors', () => {
  it('are served by one peer at once, each client by its own', async () => {
    const mesh = randomMesh()
    const both = await startVersioned(mesh, 'both', { serves: ['1.2.0', '2.0.0'], uses: '1.2.0' })
    const [first, second] = await Promise.all([
      startVersioned(mesh, 'first', { serves: [], uses: '1.4.0' }),
      startVersioned(mesh, 'second', { serves: [], uses: '2.0.0' }),
    ])
    const one = await call(first, { sku: 'a', count: 3, size: 'small' })
    expect(one).toMatchObject({ value: { by: 'both 1.2.0', total: 6 } })
    const two = await call(second, { item: 'a' })
    expect(two).toMatchObject({ value: { by: 'both 2.0.0', total: 2 } })
    expect(
      (await state(both)).seen.map(({ by, body, contentType }) => [by, body, contentType]),
    ).toEqual([
      ['1.2.0', { sku: 'a', count: 3, size: 'small' }, expect.stringMatching(/version=1$/)],
      ['2.0.0', { item: 'a' }, expect.stringMatching(/version=2$/)],
    ])
  })

  it('of which only the other is there are named when nobody serves the right one', async () => {
    const mesh = randomMesh()
    const [server, client] = await Promise.all([
      startVersioned(mesh, 'server', { serves: ['1.4.0'], uses: '1.4.0' }),
      startVersioned(mesh, 'client', { serves: [], uses: '2.0.0' }),
    ])
    const { error } = await call(client, { item: 'a' }, { options: { timeoutMs: 1_500 } })
    expect(error).toMatchObject({
      code: 'EARSHOT_NO_SERVER',
      message: expect.stringContaining('1.4.0 at server'),
      data: { versions: [{ version: '1.4.0', name: 'server', id: server.ready.id }] },
    })
  })
})

describe('a range of versions', () => {
  it('sends to those within it alone, and hears those within it alone', async () => {
    const mesh = randomMesh()
    const servers = await Promise.all(
      ['1.2.0', '1.3.0', '1.4.0'].map((version) =>
        startVersioned(mesh, version, { serves: [version], uses: version }),
      ),
    )
    const wants = (range: string) => ({ serves: [], uses: '1.2.0', range })
    const [upper, lower] = await Promise.all([
      startVersioned(mesh, 'upper', wants('^1.3')),
      startVersioned(mesh, 'lower', wants('1.2.x || >=1.5')),
    ])
    const servedBy = async (peer: PeerProcess) => {
      const { value } = await call(peer, { sku: 'a', count: 1, size: 'small' }, { times: 30 })
      return [...new Set((value as { by: string }[]).map(({ by }) => by.split(' ')[1]))].sort()
    }
    for (const peer of [upper, lower]) {
      await until('all are up', async () => {
        const { peers } = await state(peer)
        return peers.filter(({ contracts }) => contracts.length > 0).length === servers.length
      })
    }
    // A route to another minor version is there when the two have met.
    await until('both are routes', async () => (await servedBy(upper)).length === 2)
    expect(await servedBy(upper)).toEqual(['1.3.0', '1.4.0'])
    expect(await servedBy(lower)).toEqual(['1.2.0'])
    for (const [id, server] of servers.entries()) {
      await server.ask({ do: 'publish', body: { id, text: 'x' } }, 'published')
    }
    const heard = async (peer: PeerProcess) =>
      (await state(peer)).seen.map(({ body }) => (body as { id: number }).id).sort()
    await until('the upper has heard', async () => (await heard(upper)).length === 2)
    await until('the lower has heard', async () => (await heard(lower)).length === 1)
    expect(await heard(upper)).toEqual([1, 2])
    expect(await heard(lower)).toEqual([0])
  })

  it('in which nobody is tells which versions there are', async () => {
    const mesh = randomMesh()
    const [, client] = await Promise.all([
      startVersioned(mesh, 'server', { serves: ['1.4.0'], uses: '1.4.0' }),
      startVersioned(mesh, 'client', { serves: [], uses: '1.2.0', range: '~1.2' }),
    ])
    const body = { sku: 'a', count: 1, size: 'small' }
    const { error } = await call(client, body, { options: { timeoutMs: 1_500 } })
    const message = expect.stringMatching(/a version of ~1\.2 .*1\.4\.0 at server/)
    expect(error).toMatchObject({ code: 'EARSHOT_NO_SERVER', message })
  })
})

describe('a difference that is major', () => {
  it('is said on both sides when they meet, with versions and field, and ends calls', async () => {
    const mesh = randomMesh()
    const [mine, theirs] = await Promise.all([
      startVersioned(mesh, 'mine', { serves: [], uses: '1.2.0' }),
      startVersioned(mesh, 'theirs', { serves: ['1.9.0'], uses: '1.9.0' }),
    ])
    const mismatched = async (peer: PeerProcess, channel: string) => {
      const { peers, faults } = await state(peer)
      const found = peers[0]?.mismatches.find((one) => one.channel === channel)
      const said = faults.filter(
        ({ code, text }) => code === 'EARSHOT_CONTRACT_MISMATCH' && text.startsWith(`${channel}:`),
      )
      return { found, said: said.map(({ text }) => text) }
    }
    for (const channel of ['test.orders/1/place', 'test.orders/1/placed']) {
      const path = channel.endsWith('placed') ? '/body/id' : '/body/count'
      for (const [peer, ours, other] of [
        [mine, '1.2.0', '1.9.0'],
        [theirs, '1.9.0', '1.2.0'],
      ] as const) {
        await until('it is said, and shown', async () => {
          const { found, said } = await mismatched(peer, channel)
          return said.length > 0 && found !== undefined
        })
        const { found, said } = await mismatched(peer, channel)
        expect(found).toMatchObject({ ours, theirs: other, path })
        expect(said).toHaveLength(1)
        expect(said[0]).toMatch(new RegExp(`${ours}.*${other}.*${path}`))
      }
    }
    const startMs = performance.now()
    const { error } = await call(mine, { sku: 'a', count: 1, size: 'small' })
    expect(error).toMatchObject({ code: 'EARSHOT_CONTRACT_MISMATCH', path: '/body/count' })
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })
})

describe('a peer started with debugJson', () => {
  it('has JSON in both directions of its links, and says so once', async () => {
    const mesh = randomMesh()
    const [debugged, other] = await Promise.all([
      startVersioned(mesh, 'debugged', {
        ...{ serves: ['1.4.0'], uses: '1.2.0', options: { debugJson: true, codecs: ['avro'] } },
      }),
      startVersioned(mesh, 'other', { serves: ['1.2.0'], uses: '1.2.0' }),
    ])
    await met(debugged, other)
    const body = { sku: 'a', count: 1, size: 'small' }
    expect(await call(debugged, body)).toMatchObject({ value: { by: 'other 1.2.0' } })
    expect(await call(other, body)).toMatchObject({ value: { by: 'debugged 1.4.0' } })
    // It publishes in the version that it serves; the other hears it in its own.
    await other.ask({ do: 'publish', body: { id: 1, text: 't' } }, 'published')
    await until('the event is heard', async () => (await state(debugged)).seen.length === 2)
    for (const peer of [debugged, other]) {
      for (const { codec } of (await state(peer)).seen) expect(codec).toBe('json')
    }
    expect(debugged.errors().match(/peer "debugged" speaks json alone/g)).toHaveLength(1)
    expect(other.errors()).toBe('')
  })
})

describe.each(['json', 'msgpack'])('messages without a type in %s', (codec) => {
  it('go both ways, and what cannot be sent is refused with its path', async () => {
    const mesh = randomMesh()
    const settings = { serves: [], uses: '1.2.0', loose: [codec] }
    const [one, two] = await Promise.all([
      startVersioned(mesh, 'one', settings),
      startVersioned(mesh, 'two', settings),
    ])
    await met(one, two)
    const body = { list: [1, -2.5, 'three', null, true, { deep: [] }], text: 'ü' }
    expect(await one.ask({ do: 'echo', body }, 'echoed')).toMatchObject({ value: body })
    expect(await two.ask({ do: 'echo', body: null }, 'echoed')).toMatchObject({ value: null })
    const said = await seenBy(two, 'said', () => one.ask({ do: 'say', body }, 'said'))
    expect(said).toMatchObject({ body, codec })
    let deep: unknown = 1
    for (let levels = 0; levels < 100; levels++) deep = [deep]
    const refused = await one.ask({ do: 'echo', body: { deep } }, 'echoed')
    expect(refused.error).toMatchObject({
      code: 'EARSHOT_BODY_INVALID',
      path: expect.stringMatching(/^\/deep(\/0)+$/),
    })
  })
})
