// A key that is taken off the list, or loses a role, while its peer is in the middle of something:
// a call, a stream, a subscription; and a raw socket that stays connected and speaks on.

import { type AccessRules, contract, duplex, event, request, stream } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { Kind } from '../../src/wire/record.ts'
import { type Keys, keysOf, knows } from '../support/keys.ts'
import { failure, faults, testPeer, until } from '../support/peers.ts'
import { at, helloAs, rawOptions, rawPeer } from '../support/raw-peer.ts'
import { nextFrame, record } from '../support/strangers.ts'

const Count = Type.Object({ n: Type.Integer() })
const Work = contract('test.work', '1.0.0', {
  hang: request(Count, Count),
  ticks: stream(Count, Count),
  chat: duplex(Count, Count),
  told: event(Count),
})
async function serving(keys: Keys, allow?: AccessRules) {
  const { mesh, security } = keys
  const options = { mesh, security: security('server'), ...(allow && { allow }) }
  const server = await testPeer({ name: 'server', ...options })
  const ended: string[] = []
  const begun: string[] = []
  const until_ = (what: string, signal: AbortSignal) => {
    begun.push(what)
    return new Promise<never>((_, fail) => {
      signal.addEventListener('abort', () => {
        ended.push(what)
        fail(signal.reason)
      })
    })
  }
  await server.serve(Work, {
    hang: (_body, { signal }) => until_('hang', signal),
    async *ticks(_body, { signal }) {
      try {
        begun.push('ticks')
        for (let n = 0; ; n++) {
          yield { n }
          await new Promise((go) => setImmediate(go))
          if (signal.aborted) return
        }
      } finally {
        ended.push('ticks')
      }
    },
    async *chat(items) {
      try {
        begun.push('chat')
        for await (const { n } of items) yield { n }
      } finally {
        ended.push('chat')
      }
    },
  })
  return { server, begun, ended }
}

/** What a stream gave, and what ended it. */
function reading(items: AsyncIterable<{ n: number }>) {
  const read = { items: 0, error: undefined as unknown, over: false }
  const all = async () => {
    try {
      for await (const _item of items) read.items++
    } catch (error) {
      read.error = error
    }
    read.over = true
  }
  void all()
  return read
}

describe('a key that is taken off the list', () => {
  it('ends its calls, streams and talks with a type, on both sides, within a second', async () => {
    const keys = keysOf()
    const { server, begun, ended } = await serving(keys)
    const caller = await testPeer({
      ...{ name: 'caller', mesh: keys.mesh, security: keys.security('caller') },
    })
    await knows(caller, server)
    const work = caller.client(Work, { timeoutMs: 60_000, retry: false })
    const call = failure(work.hang({ n: 1 }))
    const ticks = reading(work.ticks({ n: 1 }))
    const talk = work.chat()
    await talk.send({ n: 1 })
    const said = reading(talk)
    await until('all are under way', () => begun.length === 3 && ticks.items > 3 && said.items > 0)
    const fromMs = performance.now()
    keys.admit({ server: '', other: '' })
    expect(await call).toMatchObject({ code: 'EARSHOT_PEER_GONE', sent: 'unknown' })
    await until('the streams are over', () => ticks.over && said.over)
    await until('the handlers know', () => ended.length === 3)
    expect(performance.now() - fromMs).toBeLessThan(3_000)
    expect([ticks.error, said.error]).toMatchObject([
      { code: 'EARSHOT_PEER_GONE' },
      { code: 'EARSHOT_PEER_GONE' },
    ])
    expect(server.stats()).toMatchObject({ openStreams: 0, links: [] })
  })

  it('gets no byte more out of a connection that stays, nor one in', async () => {
    const keys = keysOf()
    const told = faults()
    const { server } = await serving(keys)
    const { dealer, hello } = await rawPeer(keys, server, 'caller')
    keys.admit({ server: '', other: '' })
    // Beats keep the link from being closed for its silence.
    let last = await nextFrame(dealer)
    while (last[2] === Kind.beat || last[2] === Kind.offer) last = await nextFrame(dealer)
    expect(last[2]).toBe(Kind.refuse)
    expect(String(last)).toContain('taken off the list')
    await until('its link is closed', () => server.stats().links.length === 0)
    const { framesIn, badFrames, strangersRefused } = server.stats().counters
    dealer.receiveTimeout = 500
    const words = [record(Kind.beat, ''), record(Kind.hello, hello), Buffer.alloc(9)]
    for (const word of words) await dealer.send(word)
    await expect(dealer.receive()).rejects.toThrow()
    expect(server.stats().counters).toMatchObject({
      ...{ framesIn, badFrames, strangersRefused: strangersRefused + words.length },
    })
    expect(told.some(({ text }) => text.includes('who was shut out'))).toBe(true)
  })

  it('is told once where it had connected and said nothing yet', async () => {
    const keys = keysOf()
    const { server } = await serving(keys)
    const dealer = new zmq.Dealer({ ...rawOptions(keys, 'caller') })
    onTestFinished(() => dealer.close())
    const connected = new Promise((done) => dealer.events.on('handshake', done))
    dealer.connect(at(server, 'inbox'))
    await connected
    await rawPeer(keys, server, 'other')
    keys.admit({ server: '' })
    const hello = helloAs(keys, 'caller')
    // Whose link is closed shows that the list has been read.
    await until('the other one is cut off', () => server.stats().links.length === 0)
    await dealer.send(record(Kind.hello, hello))
    expect(String(await nextFrame(dealer))).toContain('not on the list')
    const { framesIn } = server.stats().counters
    dealer.receiveTimeout = 300
    await dealer.send(record(Kind.hello, hello))
    await expect(dealer.receive()).rejects.toThrow()
    expect(server.stats().counters.framesIn).toBe(framesIn)
  })

  it('hears no more with a raw SUB, and has no answer at the door with a raw REQ', async () => {
    const keys = keysOf()
    const { server } = await serving(keys)
    const ear = new zmq.Subscriber({ ...rawOptions(keys, 'caller'), receiveTimeout: -1 })
    const short = { receiveTimeout: 700, sendTimeout: 700 }
    const asker = new zmq.Request({ ...rawOptions(keys, 'caller'), ...short })
    onTestFinished(() => {
      ear.close()
      asker.close()
    })
    ear.connect(at(server, 'outlet'))
    ear.subscribe()
    asker.connect(at(server, 'door'))
    await asker.send('{"op":"health"}')
    expect(String(await asker.receive())).toContain('"ok":true')
    // What nobody of the mesh hears is not published.
    const other = await testPeer({
      ...{ name: 'other', mesh: keys.mesh, security: keys.security('other') },
    })
    await other.subscribe(Work.told, () => undefined)
    let heard = 0
    const hear = async () => {
      for await (const _frame of ear) heard++
    }
    void hear().catch(() => undefined)
    const publish = () => server.publish(Work.told, { n: 1 })
    await until('it hears', async () => {
      await publish()
      return heard > 0
    })
    const { strangersRefused } = server.stats().counters
    keys.admit({ server: '', other: '' })
    await until('both have come again', () => {
      return server.stats().counters.strangersRefused >= strangersRefused + 2
    })
    const before = heard
    for (let n = 0; n < 20; n++) await publish()
    await asker.send('{"op":"health"}').catch(() => undefined)
    await expect(asker.receive()).rejects.toThrow()
    expect(heard).toBe(before)
  })
})

describe('a role that is lost', () => {
  it('ends the streams and talks that it had opened, and no others', async () => {
    const keys = keysOf()
    const allow = { 'test.work/ticks': ['role:web'], 'test.work/chat': ['role:web'] }
    const { server, begun, ended } = await serving(keys, allow)
    const caller = await testPeer({
      ...{ name: 'caller', mesh: keys.mesh, security: keys.security('caller') },
    })
    await knows(caller, server)
    const work = caller.client(Work, { timeoutMs: 60_000, retry: false })
    const ticks = reading(work.ticks({ n: 1 }))
    const talk = work.chat()
    await talk.send({ n: 1 })
    const said = reading(talk)
    const call = failure(work.hang({ n: 1 }, { timeoutMs: 3_000 }))
    await until('all are under way', () => begun.length === 3 && ticks.items > 3 && said.items > 0)
    keys.admit({ server: '', caller: '', other: '' })
    await until('the streams are over', () => ticks.over && said.over)
    const denied = { code: 'EARSHOT_DENIED', retryable: false }
    expect([ticks.error, said.error]).toMatchObject([denied, denied])
    await until('their handlers know', () => ended.includes('ticks') && ended.includes('chat'))
    expect(await call).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
    const again = reading(work.ticks({ n: 1 }))
    await until('it is refused', () => again.over)
    expect(again).toMatchObject({ items: 0, error: denied })
    expect(server.peers().map(({ name }) => name)).toContain('caller')
  })
})
