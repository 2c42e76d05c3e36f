// What every transport must do; run for each implementation.

import { describe, expect, it, onTestFinished } from 'vitest'
import type { FrameLink, Transport, TransportEvents } from '../../src/transport/transport.ts'
import { until } from '../support/peers.ts'
import { freePorts } from '../support/ports.ts'

/** Within one process and by loopback; a slower machine makes these tests weaker, never red. */
const ARRIVES_WITHIN_MS = 50

export interface Bench {
  /** A new transport with nothing bound. */
  create(): Promise<Transport>
  /** Where it may bind. */
  options(): Parameters<Transport['bind']>[0]
}

interface Side {
  readonly transport: Transport
  readonly bound: Awaited<ReturnType<Transport['bind']>>
  readonly accepted: { link: FrameLink; frames: Buffer[]; closed: string[] }[]
  readonly subscriptions: [string, boolean][]
  readonly malformed: string[]
}

export function transportConformance(name: string, bench: Bench): void {
  async function side(options = bench.options()): Promise<Side> {
    const transport = await bench.create()
    onTestFinished(() => transport.close())
    const accepted: Side['accepted'] = []
    const subscriptions: Side['subscriptions'] = []
    const malformed: string[] = []
    const events: TransportEvents = {
      accepted(link, frame) {
        const one = { link, frames: [frame], closed: [] as string[] }
        link.onFrame = (next) => one.frames.push(next)
        link.onClose = (reason) => one.closed.push(reason)
        accepted.push(one)
      },
      subscribed: (prefix, on) => subscriptions.push([String(prefix), on]),
      asked: async (request) => Buffer.concat([Buffer.from('answer to '), request]),
      malformed: (socket) => malformed.push(socket),
      refused: () => undefined,
    }
    const bound = await transport.bind(options, events)
    return { transport, bound, accepted, subscriptions, malformed }
  }

  describe(`${name}: addresses`, () => {
    it('are free for the next as soon as close() resolves, with links and without', async () => {
      const listen = { ...bench.options(), ipcFolder: undefined, port: await freePorts() }
      const other = await side()
      for (let turn = 0; turn < 50; turn++) {
        const one = await side(listen)
        other.transport.dial(one.bound.inbox.at(-1) as string).send(Buffer.from('hello'))
        // That of the turn before may have come so late that it found this one.
        if (turn % 2 === 0) await until('it has arrived', () => one.accepted.length >= 1)
        await one.transport.close()
      }
    })
  })

  describe(`${name}: links`, () => {
    it('carry frames both ways, in order and whole, at every endpoint', async () => {
      const server = await side()
      const client = await side()
      for (const [index, endpoint] of server.bound.inbox.entries()) {
        const link = client.transport.dial(endpoint)
        const back: Buffer[] = []
        link.onFrame = (frame) => back.push(frame)
        for (let frame = 0; frame < 500; frame++) link.send(Buffer.alloc(1 + frame * 40, frame))
        await until('all have arrived', () => server.accepted[index]?.frames.length === 500)
        const one = server.accepted[index]
        one?.frames.forEach((frame, at) => {
          expect(frame.equals(Buffer.alloc(1 + at * 40, at))).toBe(true)
        })
        for (let frame = 0; frame < 500; frame++) one?.link.send(Buffer.from(`back ${frame}`))
        await until('all have come back', () => back.length === 500)
        expect(String(back[499])).toBe('back 499')
        link.close()
      }
    })

    it('that are refused say so soon, and never connect later', async () => {
      const client = await side()
      const gone = await side()
      await gone.transport.close()
      for (const endpoint of [...gone.bound.inbox, 'nonsense']) {
        const reasons: string[] = []
        const link = client.transport.dial(endpoint)
        link.onClose = (reason) => reasons.push(reason)
        link.send(Buffer.from('x'))
        await until(`${endpoint} is refused`, () => reasons.length === 1)
        link.send(Buffer.from('after the end'))
      }
    })

    it('whose other side closes are over on both sides, once', async () => {
      const server = await side()
      const client = await side()
      const reasons: string[] = []
      const link = client.transport.dial(server.bound.inbox[0] as string)
      link.onClose = (reason) => reasons.push(reason)
      link.send(Buffer.from('hello'))
      await until('it is accepted', () => server.accepted.length === 1)
      const [one] = server.accepted
      link.close()
      link.close()
      expect(reasons).toHaveLength(1)
      await until('the other side has noticed', () => {
        one?.link.send(Buffer.from('are you there'))
        return one?.closed.length === 1
      })
      const second = client.transport.dial(server.bound.inbox[0] as string)
      second.onClose = (reason) => reasons.push(reason)
      second.send(Buffer.from('hello'))
      await until('it is accepted', () => server.accepted.length === 2)
      await server.transport.close()
      await until('it is lost', () => reasons.length === 2)
    })
  })

  describe(`${name}: closed`, () => {
    /** The other side's frame arrives while this turn lasts: it is there, and not yet read. */
    async function closedOnArrival(send: () => void, closing: { close(): void }): Promise<void> {
      send()
      const endMs = performance.now() + ARRIVES_WITHIN_MS
      while (performance.now() < endMs);
      closing.close()
      // What a closing socket still gives is there by the next turn.
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    }

    it('links and ears give no frame, though one had arrived before', async () => {
      const server = await side()
      const client = await side()
      const frames: string[] = []
      for (const endpoint of server.bound.inbox) {
        const link = client.transport.dial(endpoint)
        link.onFrame = (frame) => frames.push(`link ${frame}`)
        const before = server.accepted.length
        link.send(Buffer.from('hello'))
        await until('it is accepted', () => server.accepted.length === before + 1)
        await closedOnArrival(() => server.accepted.at(-1)?.link.send(Buffer.from('back')), link)
      }
      for (const endpoint of server.bound.outlet) {
        const ear = client.transport.hear(endpoint)
        ear.onFrame = (frame) => frames.push(`ear ${frame}`)
        const before = server.subscriptions.length
        ear.subscribe(Buffer.from('a'))
        await until('it is known', () => server.subscriptions.length > before)
        await closedOnArrival(() => server.transport.publish(Buffer.from('a1')), ear)
      }
      expect(frames).toEqual([])
    })

    it('inboxes accept nobody, though his first frame had arrived before', async () => {
      const server = await side()
      const client = await side()
      const link = client.transport.dial(server.bound.inbox[0] as string)
      link.send(Buffer.from('hello'))
      await until('it is accepted', () => server.accepted.length === 1)
      let closed: Promise<void> = Promise.resolve()
      const closing = {
        close() {
          closed = server.transport.close()
        },
      }
      await closedOnArrival(() => link.send(Buffer.from('late')), closing)
      await closed
      expect(server.accepted.map(({ frames }) => frames.map(String))).toEqual([['hello']])
    })
  })

  describe(`${name}: outlet and door`, () => {
    it('bring to each ear what it subscribed to, and tell who listens', async () => {
      const server = await side()
      const client = await side()
      const heard: string[] = []
      const ear = client.transport.hear(server.bound.outlet[0] as string)
      ear.onFrame = (frame) => heard.push(String(frame))
      ear.subscribe(Buffer.from('a'))
      await until('it is known', () => server.subscriptions.length === 1)
      for (const text of ['a1', 'b1', 'a2']) server.transport.publish(Buffer.from(text))
      await until('both are heard', () => heard.length === 2)
      expect(heard).toEqual(['a1', 'a2'])
      ear.unsubscribe(Buffer.from('a'))
      await until('it is known', () => server.subscriptions.length === 2)
      ear.subscribe(Buffer.from('b'))
      await until('it is known', () => server.subscriptions.length === 3)
      ear.close()
      await until('it is known', () => server.subscriptions.length === 4)
      expect(server.subscriptions).toEqual([
        ['a', true],
        ['a', false],
        ['b', true],
        ['b', false],
      ])
    })

    it('say when the ear is lost', async () => {
      const server = await side()
      const client = await side()
      const reasons: string[] = []
      const ear = client.transport.hear(server.bound.outlet[0] as string)
      ear.onClose = (reason) => reasons.push(reason)
      ear.subscribe(Buffer.from('a'))
      await until('it is known', () => server.subscriptions.length === 1)
      await server.transport.close()
      await until('it is lost', () => reasons.length === 1)
    })
  })
}
