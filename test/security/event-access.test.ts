// Events under a rule of access: by links, to those whose proved keys may; a stranger with a raw
// socket, and a key of the mesh, gets none of their bytes.

import { mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AccessRules,
  allowList,
  contract,
  createKey,
  event,
  type Peer,
  type SubscribeOptions,
} from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { readKeyFile } from '../../src/security/key-file.ts'
import { faults, randomMesh, testPeer, until } from '../support/peers.ts'

const Tick = Type.Object({ id: Type.Integer(), who: Type.String(), text: Type.String() })
const News = contract('test.news', '1.0.0', {
  secret: event(Tick, { key: 'who' }),
  open: event(Tick),
})
const names = ['press', 'ops', 'web'] as const
type Name = (typeof names)[number]
const rule: AccessRules = { 'test.news/secret': ['role:ops'] }
const secret = 'the cat is in the bag'

/** A publisher under rules, and peers with keys and roles of their own. */
async function newsroom(allow: AccessRules = rule) {
  const folder = mkdtempSync(join(tmpdir(), 'es-news-'))
  const keyFile = (name: string) => join(folder, `${name}.key`)
  const keys = names.map((name) => [name, createKey(keyFile(name)).publicKey] as const)
  const list = join(folder, 'earshot.allow')
  const admit = (roles: Partial<Record<Name, string>>) => {
    const lines = keys.map(([name, key]) => `${key} ${name} ${roles[name] ?? ''}`)
    writeFileSync(`${list}.new`, lines.join('\n'))
    renameSync(`${list}.new`, list)
  }
  admit({ ops: 'ops', web: 'web' })
  const mesh = randomMesh()
  const security = (name: string) => allowList(list, { key: keyFile(name) })
  const press = await testPeer({ name: 'press', mesh, allow, security: security('press') })
  const as = (name: Name) => testPeer({ name, mesh, security: security(name) })
  return { press, as, admit, keyFile }
}

async function hearing(peer: Peer, options: SubscribeOptions = {}) {
  const heard: number[] = []
  let missed = 0
  const onMissed = (count: number) => {
    missed += count
  }
  await peer.subscribe(News.secret, ({ id }) => void heard.push(id), { onMissed, ...options })
  return { heard, missed: () => missed }
}

const know = (one: Peer, other: Peer) =>
  until('they know each other', () => {
    return one.peers().some(({ id }) => id === other.id) && other.peers().length > 0
  })
const tick = (id: number, who = 'all') => ({ id, who, text: secret })

describe('an event under a rule of access', () => {
  it('is heard by those who may, and by nobody else, who is told so', async () => {
    const { press, as } = await newsroom()
    const told = faults()
    const out = press.publisher(News.secret)
    const [ops, web] = [await as('ops'), await as('web')]
    await know(ops, press)
    await know(web, press)
    const allowed = await hearing(ops)
    const denied = await hearing(web)
    for (let id = 0; id < 1_000; id++) out.send(tick(id))
    await until('all are heard', () => allowed.heard.length === 1_000)
    expect([allowed.heard.at(-1), allowed.missed()]).toEqual([999, 0])
    expect(denied.heard).toEqual([])
    expect(out.listeners).toBe(1)
    expect(press.stats().counters.denied).toBeGreaterThan(0)
    const denials = told.filter(({ code }) => code === 'EARSHOT_DENIED').map(({ text }) => text)
    expect(denials.join('\n')).toMatch(/web \(SHA256:.*may not hear test.news\/1\/secret/)
    expect(denials).toContain('press does not let us hear test.news/1/secret')
    // Channels without a rule are for all, by the outlet.
    const open: string[] = []
    for (const peer of [ops, web]) await peer.subscribe(News.open, () => void open.push(peer.name))
    await press.publish(News.open, tick(1))
    await until('both hear it', () => open.length === 2)
  })

  it('is in force when subscribe resolves, also for who came before it was offered', async () => {
    const { press, as } = await newsroom()
    const ops = await as('ops')
    await know(ops, press)
    const early = await hearing(ops)
    const out = press.publisher(News.secret)
    await until('the early one listens', () => out.listeners === 1)
    expect(await press.publish(News.secret, tick(1))).toEqual({ became: 'written', listeners: 1 })
    await until('it is heard', () => early.heard.length === 1)
    const late = await hearing(ops, { key: 'ada' })
    const verdict = await press.publish(News.secret, tick(2, 'ada'), { until: 'handled' })
    expect(verdict).toMatchObject({ became: 'handled' })
    await press.publish(News.secret, tick(3, 'bob'))
    await until('all is heard', () => early.heard.length === 3)
    expect([early.heard, late.heard]).toEqual([[1, 2, 3], [2]])
  })

  it('is heard no more once the role is gone, and again when it is back', async () => {
    const { press, as, admit } = await newsroom()
    const out = press.publisher(News.secret)
    const ops = await as('ops')
    await know(ops, press)
    const { heard } = await hearing(ops)
    await press.publish(News.secret, tick(1))
    await until('it is heard', () => heard.length === 1)
    admit({ web: 'web' })
    await until('nobody listens', () => out.listeners === 0)
    expect(await press.publish(News.secret, tick(2))).toMatchObject({ why: 'no-listeners' })
    admit({ ops: 'ops' })
    await until('it listens again', () => out.listeners === 1)
    await press.publish(News.secret, tick(3))
    await until('it is heard again', () => heard.length === 2)
    expect(heard).toEqual([1, 3])
  })

  it('gives a raw SUB with a key of the mesh not a byte, whatever it subscribes to', async () => {
    const { press, as, keyFile } = await newsroom()
    const out = press.publisher(News.secret)
    const ops = await as('ops')
    await know(ops, press)
    const { heard } = await hearing(ops)
    await ops.subscribe(News.open, () => undefined)
    const own = readKeyFile(keyFile('web'))
    const stranger = new zmq.Subscriber({
      linger: 0,
      curveServerKey: readKeyFile(keyFile('press')).publicKey,
      ...{ curvePublicKey: own.publicKey, curveSecretKey: own.secretKey },
    })
    onTestFinished(() => stranger.close())
    stranger.connect(press.endpoints.outlet.at(-1) as string)
    // Everything there is.
    stranger.subscribe()
    const seen: Buffer[] = []
    const hear = async () => {
      for await (const [frame] of stranger) seen.push(frame as Buffer)
    }
    const ended = hear().catch(() => undefined)
    await until('it hears what is open', async () => {
      await press.publish(News.open, tick(0))
      return seen.length > 0
    })
    for (let id = 0; id < 100; id++) out.send(tick(id))
    await until('who may hears it', () => heard.length === 100)
    const count = seen.length
    await until('what is open goes on', async () => {
      await press.publish(News.open, tick(0))
      return seen.length > count
    })
    stranger.close()
    await ended
    expect(seen.some((frame) => frame.includes('test.news/1/open'))).toBe(true)
    expect(seen.filter((frame) => frame.includes('/secret'))).toEqual([])
  })

  it('leaves by the outlet where all who come there may hear it', async () => {
    const { press, as } = await newsroom({ ...rule, outlet: ['role:ops'] })
    const out = press.publisher(News.secret)
    const ops = await as('ops')
    await know(ops, press)
    const { heard } = await hearing(ops)
    await until('it is in force', () => out.listeners === 1)
    const sent = () => press.stats().links.reduce((sum, { bytesOut }) => sum + bytesOut, 0)
    const before = sent()
    for (let id = 0; id < 100; id++) out.send(tick(id))
    await until('all is heard', () => heard.length === 100)
    // Some beats at most: as events they would be more than 2 000 bytes.
    expect(sent() - before).toBeLessThan(1_000)
  })

  it('is heard by those whom a rule of its own names besides those of the outlet', async () => {
    const named = { 'test.news/secret': ['role:ops', 'role:web'], outlet: ['role:ops'] }
    const { press, as } = await newsroom(named)
    const out = press.publisher(News.secret)
    const web = await as('web')
    await know(web, press)
    const { heard, missed } = await hearing(web)
    for (let id = 0; id < 100; id++) out.send(tick(id))
    await until('all is heard', () => heard.length === 100)
    expect(missed()).toBe(0)
    // What has no rule of its own is for the outlet's alone.
    const told = faults()
    const open: number[] = []
    await web.subscribe(News.open, ({ id }) => void open.push(id))
    await press.publish(News.open, tick(1))
    expect(open).toEqual([])
    const denials = told.filter(({ code }) => code === 'EARSHOT_DENIED').map(({ text }) => text)
    expect(denials).toContain('press does not let us hear test.news/1/open')
    expect(new Set(denials).size).toBe(denials.length)
  })

  it('of an outlet is heard again by who is let in again, and the loss is counted', async () => {
    const { press, as, admit } = await newsroom({ outlet: ['role:ops'] })
    const ops = await as('ops')
    await know(ops, press)
    const heard: number[] = []
    let missed = 0
    const onMissed = (count: number) => {
      missed += count
    }
    await ops.subscribe(News.open, ({ id }) => void heard.push(id), { onMissed })
    let sent = 0
    const send = async () => {
      await press.publish(News.open, tick(sent++))
    }
    await send()
    await until('it is heard', () => heard.length === 1)
    admit({ web: 'web' })
    await until('it is shut out', async () => {
      await send()
      return ops.stats().counters.outletsBypassed > 0
    })
    admit({ ops: 'ops' })
    const before = heard.length
    await until('it is heard again', async () => {
      await send()
      return heard.length > before
    })
    await until('all is known', () => heard.length + missed === sent)
  })
})
