// Rules of access: a role or a key, proved, opens a channel; nothing else does.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AccessRules, allowList, createKey, createPeer, meshSecret } from 'earshot'
import { describe, expect, it } from 'vitest'
import { Shop } from '../support/contract.ts'
import { failure, faults, randomMesh, testPeer, until } from '../support/peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'es-access-'))
const list = join(folder, 'earshot.allow')
const keyFile = (name: string) => join(folder, `${name}.key`)
const keys = Object.fromEntries(
  ['server', 'web', 'ops', 'plain'].map((name) => [name, createKey(keyFile(name))]),
)
const roles: Record<string, string> = { web: 'web', ops: 'ops,web' }
const lines = Object.entries(keys).map(([name, key]) => {
  return `${key.publicKey} ${name} ${roles[name] ?? ''}`
})
writeFileSync(list, lines.join('\n'))

const security = (name: string) => allowList(list, { key: keyFile(name) })

async function serving(allow: AccessRules) {
  const mesh = randomMesh()
  const done: string[] = []
  const server = await testPeer({ name: 'server', mesh, allow, security: security('server') })
  await server.serve(Shop, {
    place: ({ count }, { from }) => {
      done.push(`place by ${from.name}`)
      return { total: count, by: 'server' }
    },
    slow: () => ({ by: 'server' }),
    cancel: (_body, { from }) => void done.push(`cancel by ${from.name}`),
    blob: () => undefined,
  })
  const as = async (name: string, called = name) => {
    const peer = await testPeer({ name: called, mesh, security: security(name) })
    return { peer, shop: peer.client(Shop, { timeoutMs: 5_000 }) }
  }
  return { server, done, as }
}

describe('a rule of access', () => {
  it('opens a request to a role and to a key, and to nobody else, whatever its name', async () => {
    const { server, done, as } = await serving({
      'test.shop/place': ['role:ops', `key:${keys.plain?.fingerprint}`],
    })
    const body = { sku: 'x', count: 2 }
    expect(await (await as('ops')).shop.place(body)).toMatchObject({ total: 2 })
    expect(await (await as('plain')).shop.place(body)).toMatchObject({ total: 2 })
    const { shop } = await as('web', 'ops')
    expect(await failure(shop.place(body))).toMatchObject({
      ...{ code: 'EARSHOT_DENIED', sent: 'no', retryable: false },
      message: expect.stringContaining('test.shop/1/place'),
    })
    expect(done).toEqual(['place by ops', 'place by plain'])
    expect(server.stats().counters.denied).toBe(1)
    // Another channel of the contract has no rule.
    expect(await shop.slow({ forMs: 0 })).toMatchObject({ by: 'server' })
  })

  it('holds for tickets: to ask for one, and to claim that of another', async () => {
    const { as } = await serving({ 'test.shop/slow': ['role:ops'] })
    const web = await as('web')
    const ops = await as('ops')
    const ticket = ops.shop.slow.later({ forMs: 0 })
    await ticket.taken()
    const denied = { code: 'EARSHOT_DENIED', sent: 'no' }
    expect(await failure(web.shop.slow.later({ forMs: 0 }).taken())).toMatchObject(denied)
    const record = JSON.stringify(ticket)
    const claimed = await failure(web.shop.slow.claim(record).answer())
    expect(['EARSHOT_DENIED', 'EARSHOT_TICKET_UNKNOWN']).toContain(claimed.code)
    expect(await ticket.answer()).toMatchObject({ by: 'server' })
  })

  it('with a star is for all channels that have none of their own', async () => {
    const { as } = await serving({ 'test.shop/*': ['role:ops'], 'test.shop/place': ['role:web'] })
    const web = await as('web')
    expect(await web.shop.place({ sku: 'x', count: 1 })).toMatchObject({ total: 1 })
    expect(await failure(web.shop.slow({ forMs: 0 }))).toMatchObject({ code: 'EARSHOT_DENIED' })
    const ops = await as('ops')
    expect(await ops.shop.slow({ forMs: 0 })).toMatchObject({ by: 'server' })
  })

  it('drops and counts notifications, and says so to who asks', async () => {
    const { server, done, as } = await serving({ 'test.shop/cancel': ['role:ops'] })
    const told = faults()
    const web = await as('web')
    await web.shop.cancel({ id: 1 })
    await until('it is counted', () => server.stats().counters.denied === 1)
    expect(server.stats().counters.notificationsDropped).toBe(1)
    expect(told.some(({ text }) => text.includes('is closed to your key'))).toBe(true)
    const verdict = await web.shop.cancel({ id: 2 }, { until: 'handled' })
    expect(verdict).toMatchObject({ became: 'dropped', by: 'receiver', why: 'EARSHOT_DENIED' })
    await (await as('ops')).shop.cancel({ id: 3 }, { until: 'handled' })
    expect(done).toEqual(['cancel by ops'])
  })

  it('for the outlet lets those alone hear events whom it names', async () => {
    const { server, as } = await serving({ outlet: ['role:ops'], 'test.shop/placed': ['role:ops'] })
    const heard: string[] = []
    const told = faults()
    for (const name of ['web', 'ops']) {
      const { peer } = await as(name)
      await peer.subscribe(Shop.placed, () => void heard.push(name))
    }
    await until('it is heard', async () => {
      await server.publish(Shop.placed, { id: 1, text: 'x' })
      return heard.length > 0
    })
    expect(new Set(heard)).toEqual(new Set(['ops']))
    expect(told.some(({ text }) => text.includes('may not hear our events'))).toBe(true)
  })

  it.each([
    ['/allow/x', { x: ['role:a'] }],
    ['/allow/a~1b', { 'a/b': 'role:a' }],
    ['/allow/a~1b/0', { 'a/b': ['name:x'] }],
    ['/allow/a~1b/1', { 'a/b': ['role:x', 'key:short'] }],
    ['/allow', []],
  ])('that is none is refused at start, at %s', async (path, allow) => {
    const options = { name: 'x', mesh: randomMesh(), security: security('web') }
    const error = await failure(createPeer({ ...options, allow: allow as never }))
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
  })

  it.each([undefined, meshSecret('a secret that all share')])(
    'is refused where no peer has a key of its own',
    async (shared) => {
      const options = { name: 'x', mesh: randomMesh(), ...(shared && { security: shared }) }
      const error = await failure(createPeer({ ...options, allow: { 'a/b': ['role:x'] } }))
      expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/allow' })
    },
  )
})
