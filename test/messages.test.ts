// What messages say of themselves, in every style, and what a chain of them carries on.

import {
  contract,
  duplex,
  event,
  type Message,
  type MessageWords,
  messageHeaders,
  notification,
  request,
  scatter,
  stream,
} from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const Body = Type.Object({ text: Type.String() })
const All = contract('test.all', '1.2.0', {
  ask: request(Body, Body),
  tell: notification(Body),
  said: event(Body),
  keyed: event(Body, { key: 'text' }),
  watch: stream(Body, Body),
  chat: duplex(Body, Body),
  quote: scatter(Body, Body),
})
const text = { text: 'x' }
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const words: MessageWords = {
  ...{
    id: 'order-7',
    correlationId: 'cart-3',
    causationId: 'click-1',
    timestamp: 1_764_000_000_000,
  },
  ...{ type: 'document', traceparent, tracestate: 'rojo=1' },
}

/** Handlers that keep the messages of what came. */
function keeping() {
  const seen: Message[] = []
  const keep = (_: unknown, { message }: { readonly message: Message }) => {
    seen.push(message)
    return text
  }
  return {
    seen,
    handlers: {
      ask: keep,
      tell: keep,
      quote: keep,
      async *watch(body: unknown, context: { readonly message: Message }) {
        yield keep(body, context)
      },
      async *chat(body: unknown, context: { readonly message: Message }) {
        yield keep(body, context)
      },
    },
  }
}

const plain = (message: Message) => {
  const { id, type, correlationId, causationId, timestamp, traceparent: trace } = message
  const { tracestate } = message
  return { id, type, correlationId, causationId, timestamp, traceparent: trace, tracestate }
}

describe('a message', () => {
  it('says in every style what its sender said of it', async () => {
    const [a, b] = await pairOf()
    const { seen, handlers } = keeping()
    await a.serve(All, handlers)
    await a.subscribe(All.said, (_, { message }) => void seen.push(message))
    const client = b.client(All)
    const options = { headers: messageHeaders(words) }
    await client.ask(text, options)
    await client.tell(text, { ...options, until: 'handled' })
    await b.publish(All.said, text, { ...options, until: 'handled' })
    for await (const item of client.watch(text, options)) expect(item).toEqual(text)
    for await (const item of client.chat(options)) expect(item).toEqual(text)
    await client.quote(text, options)
    await client.ask.later(text, options).answer()
    expect(seen).toHaveLength(7)
    for (const message of seen) expect(plain(message)).toEqual(words)
  })

  it('says it on the hot paths, too, between those that say nothing', async () => {
    const [a, b] = await pairOf()
    const { seen, handlers } = keeping()
    await a.serve(All, handlers)
    await a.subscribe(All.said, (_, { message }) => void seen.push(message))
    const out = b.publisher(All.said)
    const sender = b.sender(All.tell)
    await sender.ready()
    for (const headers of [undefined, messageHeaders(words), undefined]) {
      out.send(text, headers)
      sender.send(text, headers)
    }
    await until('all have come', () => seen.length === 6)
    expect(seen.map(({ id }) => id === words.id).filter(Boolean)).toHaveLength(2)
    const wrong = () => out.send(text, { 'message-id': 7 as never })
    expect(wrong).toThrow(expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID' }))
  })

  it('that says nothing has an id of its own, the type of its channel, and no cause', async () => {
    const [a, b] = await pairOf()
    const { seen, handlers } = keeping()
    await a.serve(All, handlers)
    const client = b.client(All)
    await Promise.all(Array.from({ length: 10 }, () => client.ask(text)))
    for (let time = 0; time < 10; time++) await client.tell(text, { until: 'handled' })
    for await (const item of client.watch(text)) expect(item).toEqual(text)
    await client.quote(text)
    const ticket = client.ask.later(text)
    await ticket.answer()
    const ids = seen.map(({ id }) => id)
    expect(new Set(ids).size).toBe(23)
    expect(ids).toContain(ticket.id)
    expect(ids.every((id) => id === ticket.id || id.startsWith(`${b.id}.${b.epoch}.`))).toBe(true)
    for (const message of seen) {
      expect(message.type).toBe('command')
      expect(message.correlationId).toBe(message.id)
      expect(message.causationId ?? message.timestamp ?? message.traceparent).toBeUndefined()
      expect(message.contentType).toMatch(/^application\/vnd\.test\.all\+\w+; version=1$/)
    }
  })

  it('that is an event has one id for all who hear it, also after it was handled', async () => {
    const mesh = randomMesh()
    const publisher = await testPeer({ name: 'publisher', mesh })
    const heard: Message[][] = []
    for (const name of ['one', 'two']) {
      const peer = await testPeer({ name, mesh })
      const messages: Message[] = []
      heard.push(messages)
      await peer.subscribe(All.said, async (_, context) => {
        await new Promise((resolve) => setImmediate(resolve))
        messages.push(context.message)
      })
    }
    await until('both are up', () => publisher.peers().length === 2)
    for (let count = 0; count < 5; count++) await publisher.publish(All.said, text)
    await until('all have come', () => heard.every((messages) => messages.length === 5))
    const [one, two] = heard.map((messages) => messages.map(({ id }) => id))
    expect(one).toEqual(two)
    expect(new Set(one).size).toBe(5)
    expect(heard[0]?.every(({ type }) => type === 'event')).toBe(true)
  })

  it('sent while another is handled carries on correlation, cause and trace', async () => {
    const mesh = randomMesh()
    const last = await testPeer({ name: 'last', mesh })
    const middle = await testPeer({ name: 'middle', mesh })
    const first = await testPeer({ name: 'first', mesh })
    const { seen, handlers } = keeping()
    const Next = contract('test.next', '1.0.0', {
      ask: request(Body, Body),
      watch: stream(Body, Body),
      quote: scatter(Body, Body),
      said: event(Body),
    })
    await last.serve(Next, {
      ask: handlers.ask,
      quote: handlers.quote,
      watch: handlers.watch,
    })
    await last.subscribe(Next.said, (_, { message }) => void seen.push(message))
    const next = middle.client(Next)
    await middle.serve(All, {
      ...handlers,
      ask: async (body, context) => {
        seen.push(context.message)
        await next.ask(body, { context })
        for await (const item of next.watch(body, { context })) expect(item).toEqual(text)
        await next.quote(body, { context })
        await next.ask.later(body, { context }).answer()
        await middle.publish(Next.said, body, { context, until: 'handled' })
        return body
      },
    })
    await until('all are up', () => middle.peers().length === 2 && first.peers().length === 2)
    await first
      .client(All)
      .ask(text, { headers: messageHeaders({ traceparent }), timeoutMs: 9_000 })
    const [cause, ...effects] = seen
    expect(effects).toHaveLength(5)
    for (const message of effects) {
      expect(message.correlationId).toBe(cause?.id)
      expect(message.causationId).toBe(cause?.id)
      expect(message.traceparent).toBe(traceparent)
      expect(message.id).not.toBe(cause?.id)
    }
  })

  it('with words that are not as they must be has none of them', async () => {
    const [a, b] = await pairOf()
    const { seen, handlers } = keeping()
    await a.serve(All, handlers)
    const zeros = `00-${'0'.repeat(32)}-b7ad6b7169203331-01`
    const headers = {
      ...{ timestamp: 'soon', 'message-type': 'secret', traceparent: zeros, tracestate: 'a=b' },
      ...{ 'message-id': 'x'.repeat(300) },
    }
    await b.client(All).ask(text, { headers })
    expect(seen[0]?.id.startsWith(b.id)).toBe(true)
    expect(seen[0]).toMatchObject({ type: 'command', timestamp: undefined })
    expect(seen[0]?.traceparent ?? seen[0]?.tracestate).toBeUndefined()
    for (const wrong of [
      { timestamp: 1.5 },
      { type: 'x' },
      { traceparent: zeros },
      { colour: 1 },
    ]) {
      const invalid = expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID' })
      expect(() => messageHeaders(wrong as MessageWords)).toThrow(invalid)
    }
  })
})

describe('all events of a contract', () => {
  it('are heard as one, each with the name of its channel, told apart by it', async () => {
    const [a, b] = await pairOf()
    const heard: unknown[] = []
    const subscription = await a.subscribe(All, '*', (one, context) => {
      // The type of the body follows from the name.
      heard.push(one.name === 'said' ? ['said', one.body.text] : ['keyed', one.body.text])
      expect(context.name).toBe(one.name)
    })
    await b.publish(All.said, { text: '1' }, { until: 'handled' })
    await b.publish(All.keyed, { text: '2' }, { until: 'handled' })
    expect(heard).toEqual([
      ['said', '1'],
      ['keyed', '2'],
    ])
    expect([subscription.missed, subscription.dropped]).toEqual([0, 0])
    await subscription.close()
    await until('nobody listens', () => b.publisher(All.said).listeners === 0)
  })

  it('are one loop without a handler, which ends when it is closed', async () => {
    const [a, b] = await pairOf()
    const subscription = await a.subscribe(All, '*')
    for (const channel of [All.said, All.keyed, All.said]) await b.publish(channel, text)
    const names: string[] = []
    for await (const { name, body } of subscription) {
      expect(body).toEqual(text)
      names.push(name)
      if (names.length === 3) void subscription.close()
    }
    expect(names.sort()).toEqual(['keyed', 'said', 'said'])
  })

  it('cannot be heard of a contract that has none', async () => {
    const [a] = await pairOf()
    const None = contract('test.none', '1.0.0', { ask: request(Body, Body) })
    const refused = await failure(a.subscribe(None, '*', () => undefined))
    expect(refused).toMatchObject({ code: 'EARSHOT_OPTION_INVALID' })
  })
})
