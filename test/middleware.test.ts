// What users put around messages: on both sides, in every style, in a stated order.

import {
  contract,
  duplex,
  EarshotError,
  event,
  type HandlerContext,
  type Middleware,
  notification,
  request,
  type Sending,
  scatter,
  stream,
} from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, pairOf, testPeer, until } from './support/peers.ts'

const Body = Type.Object({ text: Type.String() })
const All = contract('test.all', '1.0.0', {
  ask: request(Body, Body),
  tell: notification(Body),
  said: event(Body),
  watch: stream(Body, Body),
  chat: duplex(Body, Body),
  quote: scatter(Body, Body),
})

type Text = { text: string }
const handlers = {
  ask: ({ text }: Text) => ({ text: `${text}!` }),
  tell: () => undefined,
  quote: ({ text }: Text) => ({ text }),
  async *watch({ text }: Text) {
    yield { text }
  },
  async *chat(said: AsyncIterable<Text>) {
    yield* said
  },
}

/** Says what goes by, and adds its name to the text on the way. */
const named =
  <C extends { readonly channel: unknown }>(name: string, log: string[]): Middleware<C> =>
  (next) =>
  (message, context) => {
    const { channel } = context
    const where = typeof channel === 'string' ? channel : (channel as { key: string }).key
    log.push(`${name} ${where.split('/').at(-1)}`)
    const { text } = (message ?? {}) as Partial<Text>
    return next(text === undefined ? message : { text: `${text}${name}` }, context)
  }

describe('middleware', () => {
  it('stands around a call in order: peer and client, then peer and serve', async () => {
    const log: string[] = []
    const [a, b] = await pairOf(
      { use: { handlers: [named('3', log)] } },
      { use: { calls: [named('1', log)] } },
    )
    await a.serve(All, handlers, { use: [named('4', log), named('5', log)] })
    const { ask } = b.client(All, { use: [named('2', log)] })
    expect(await ask({ text: '' })).toEqual({ text: '12345!' })
    expect(log).toEqual(['1 ask', '2 ask', '3 ask', '4 ask', '5 ask'])
  })

  it('stands around every style, on both sides', async () => {
    const log: string[] = []
    const [a, b] = await pairOf(
      { use: { handlers: [named('s', log)] } },
      { use: { calls: [named('c', log)] } },
    )
    await a.serve(All, handlers)
    const heard: unknown[] = []
    await a.subscribe(All.said, (body) => heard.push(body))
    const client = b.client(All)
    await client.tell({ text: '' }, { until: 'handled' })
    await b.publish(All.said, { text: '' }, { until: 'handled' })
    expect(heard).toEqual([{ text: 'cs' }])
    for await (const item of client.watch({ text: '' })) expect(item).toEqual({ text: 'cs' })
    const talk = client.chat()
    await talk.ready()
    talk.send({ text: 'x' })
    talk.end()
    for await (const item of talk) expect(item).toEqual({ text: 'x' })
    expect((await client.quote({ text: '' })).answers[0]?.answer).toEqual({ text: 'cs' })
    for await (const { answer } of client.quote.each({ text: '' })) {
      expect(answer).toEqual({ text: 'cs' })
    }
    expect(await client.ask.later({ text: '' }).answer()).toEqual({ text: 'cs!' })
    const names = ['tell', 'said', 'watch', 'chat', 'quote', 'quote', 'ask']
    expect(log).toEqual(names.flatMap((name) => [`c ${name}`, `s ${name}`]))
  })

  it('can answer itself, set headers and options, and see how it ended', async () => {
    const [a, b] = await pairOf()
    const headers: unknown[] = []
    const outcomes: unknown[] = []
    const measured: Middleware<HandlerContext> = (next) => async (message, context) => {
      headers.push({ ...context.headers })
      try {
        return await next(message, context)
      } finally {
        outcomes.push(context.channel)
      }
    }
    const signed: Middleware<Sending> = (next) => (message, context) => {
      if ((message as Text).text === 'cached') return Promise.resolve({ text: 'from the cache' })
      const options = { ...context.options, headers: { ...context.options?.headers, user: 'ada' } }
      return next(message, { ...context, options })
    }
    await a.serve(All, handlers, { use: [measured] })
    const { ask } = b.client(All, { use: [signed] })
    expect(await ask({ text: 'x' }, { headers: { trace: '1' } })).toEqual({ text: 'x!' })
    expect(await ask({ text: 'cached' })).toEqual({ text: 'from the cache' })
    expect(headers).toEqual([{ trace: '1', user: 'ada' }])
    await until('it has ended', () => outcomes.length === 1)
  })

  it('that throws rejects the call, or is a failure of the handler', async () => {
    const [a, b] = await pairOf()
    const refusing: Middleware<HandlerContext> = () => () => {
      throw new Error('not today')
    }
    await a.serve(All, handlers, { use: [refusing] })
    const remote = await failure(b.client(All).ask({ text: 'x' }))
    expect(remote).toMatchObject({ code: 'EARSHOT_REMOTE' })
    const throwing: Middleware<Sending> = () => () => {
      throw new EarshotError('EARSHOT_CANCELLED', 'by the middleware')
    }
    const own = await failure(b.client(All, { use: [throwing] }).ask({ text: 'x' }))
    expect(own).toMatchObject({ message: 'by the middleware' })
  })

  it('that is none is refused with its place', async () => {
    const [a, b] = await pairOf()
    const wrong = { use: [(next: unknown) => next, 7] as never }
    const refused = { code: 'EARSHOT_OPTION_INVALID', path: '/use/1' }
    expect(() => b.client(All, wrong)).toThrow(expect.objectContaining(refused))
    expect(await failure(a.serve(All, handlers, wrong))).toMatchObject(refused)
    expect(() => b.client(All, { use: 7 as never })).toThrow(
      expect.objectContaining({ path: '/use' }),
    )
    for (const [use, path] of [
      [{ handlers: [5] }, '/use/handlers/0'],
      [{ calls: 5 }, '/use/calls'],
      [{ before: [] }, '/use/before'],
      [[], '/use'],
    ] as const) {
      const peer = testPeer({ name: 'c', mesh: a.mesh, use: use as never })
      expect(await failure(peer)).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
    }
  })

  it('costs nothing where there is none: the handler is called directly', async () => {
    const [a, b] = await pairOf()
    let here: Error | undefined
    await a.serve(All, {
      ...handlers,
      ask: (body) => {
        here = new Error('here')
        return body
      },
    })
    await b.client(All).ask({ text: 'x' })
    // Not in the handler: reading it loads source maps, which takes longer than a busy call may.
    const depth = here?.stack?.split('\n').filter((line) => line.includes('middleware')).length
    // The handler itself stands in this file, and nothing else of that name.
    expect(depth).toBe(1)
  })
})

describe('middleware around calls that is async', () => {
  const waits: Middleware<Sending> = (next) => async (message, context) => {
    await Promise.resolve()
    if ((message as Text | undefined)?.text === 'no') throw new EarshotError('EARSHOT_DENIED', 'no')
    return next(message, context)
  }

  it('goes well with all that is awaited or read', async () => {
    const [a, b] = await pairOf()
    await a.serve(All, handlers)
    const client = b.client(All, { use: [waits] })
    expect(await client.ask({ text: 'x' })).toEqual({ text: 'x!' })
    expect(await client.tell({ text: 'x' })).toMatchObject({ became: 'written' })
    const items: unknown[] = []
    for await (const item of client.watch({ text: 'x' })) items.push(item)
    for await (const { answer } of client.quote.each({ text: 'x' })) items.push(answer)
    expect(items).toEqual([{ text: 'x' }, { text: 'x' }])
    expect(await failure(client.watch({ text: 'no' }).next())).toMatchObject({ message: 'no' })
    // Nobody reads it, so that nobody is told.
    client.watch({ text: 'no' })
  })

  it('is refused for what is there at once, and nothing of it goes on', async () => {
    const [a, b] = await pairOf()
    await a.serve(All, handlers)
    const client = b.client(All, { use: [waits] })
    const refused = { code: 'EARSHOT_OPTION_INVALID', path: '/use' }
    const talk = await failure((async () => client.chat())())
    expect(talk).toMatchObject({ ...refused, message: expect.stringContaining('test.all/1/chat') })
    const ticket = await failure((async () => client.ask.later({ text: 'x' }))())
    expect(ticket).toMatchObject(refused)
    await until('neither is under way', () => {
      const { openStreams, openTickets } = b.stats()
      return openStreams + openTickets === 0
    })
  })
})
