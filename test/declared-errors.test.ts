// Errors that a contract declares, from the handler that throws them to the caller who tells them
// apart, in every codec and every style.

import {
  askDoor,
  Bytes,
  codecNames,
  contract,
  duplex,
  isDeclared,
  notification,
  request,
  scatter,
  stream,
} from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, faults, pairOf, until } from './support/peers.ts'

const Sku = Type.Object({ sku: Type.String() })
const Done = Type.Object({ by: Type.String() })
const errors = {
  OutOfStock: Type.Object({
    sku: Type.String(),
    left: Type.Integer(),
    seal: Type.Optional(Bytes()),
  }),
  Closed: Type.Object({}),
}
const Store = contract('test.store', '1.0.0', {
  place: request(Sku, Done, { errors }),
  watch: stream(Sku, Done, { errors }),
  haggle: duplex(Sku, Done, { errors }),
  ask: scatter(Sku, Done, { errors }),
  plain: request(Sku, Done),
})

const seal = Uint8Array.from([1, 2, 255])
const outOfStock = { sku: 'tea', left: 3, seal }

const unused = { place: fine, plain: fine, ask: fine, watch: none, haggle: none } as const
function fine() {
  return { by: 'a' }
}
async function* none() {
  yield* []
}

/** Business code: knows nothing of Earshot. */
class OutOfStock extends Error {
  override readonly name = 'OutOfStock'
  readonly data = outOfStock
}

async function readOf(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const read: unknown[] = []
  for await (const item of items) read.push(item)
  return read
}

describe.each(codecNames)('an error that the contract declares, in %s', (codec) => {
  it('ends a request with its name and data', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    await a.serve(Store, {
      ...unused,
      place: (_, context) => {
        throw context.error('OutOfStock', outOfStock, 'no more tea')
      },
    })
    const error = await failure(b.client(Store).place({ sku: 'tea' }))
    expect(error).toMatchObject({
      code: 'EARSHOT_DECLARED',
      name: 'OutOfStock',
      retryable: false,
      sent: 'unknown',
      message: 'test.store/1/place at a: no more tea',
    })
    expect(isDeclared(Store.place, error)).toBe(true)
    expect(isDeclared(Store.watch, error)).toBe(false)
    expect(error.data).toEqual({ sku: 'tea', left: 3, seal: expect.anything() })
    expect([...(error.data as typeof outOfStock).seal]).toEqual([...seal])
    expect(a.stats().counters).toMatchObject({ errorsDeclared: 1, handlerErrors: 0 })
  })

  it('ends an asynchronous request, thrown as a plain error of the business', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    await a.serve(Store, { ...unused, place: async () => Promise.reject(new OutOfStock('gone')) })
    const error = await failure(b.client(Store).place({ sku: 'tea' }))
    expect(error).toMatchObject({ name: 'OutOfStock', data: { sku: 'tea', left: 3 } })
  })

  it('ends a stream and a duplex talk behind what was said before it', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    await a.serve(Store, {
      ...unused,
      async *watch(_, context) {
        yield { by: 'one' }
        throw context.error('Closed', {})
      },
      async *haggle(said, context) {
        for await (const { sku } of said) throw context.error('OutOfStock', { sku, left: 0 })
        yield* []
      },
    })
    const watched = b.client(Store).watch({ sku: 'tea' })
    expect((await watched.next()).value).toEqual({ by: 'one' })
    const closed = await failure(watched.next())
    expect(closed).toMatchObject({ code: 'EARSHOT_DECLARED', name: 'Closed', data: {} })
    const talk = b.client(Store).haggle()
    await talk.ready()
    talk.send({ sku: 'rice' })
    const told = await failure(readOf(talk))
    expect(isDeclared(Store.haggle, told)).toBe(true)
    expect(told).toMatchObject({ name: 'OutOfStock', data: { sku: 'rice', left: 0 } })
  })
})

describe('an error that the contract declares', () => {
  it('is one of those who failed in a scatter', async () => {
    const [a, b] = await pairOf()
    await a.serve(Store, {
      ...unused,
      ask: (_, context) => {
        throw context.error('Closed', {})
      },
    })
    const { answers, failed } = await b.client(Store).ask({ sku: 'tea' })
    expect(answers).toEqual([])
    expect(failed.map(({ error }) => isDeclared(Store.ask, error) && error.name)).toEqual([
      'Closed',
    ])
  })

  it('whose data does not fit is a failure of the handler, with the path', async () => {
    const seen = faults()
    const [a, b] = await pairOf()
    const wrong = { sku: 'tea', left: 'many' } as unknown as typeof outOfStock
    await a.serve(Store, {
      ...unused,
      place: (_, context) => {
        throw context.error('OutOfStock', wrong)
      },
      async *watch(_, context) {
        yield* []
        throw context.error('OutOfStock', wrong)
      },
    })
    const remote = { code: 'EARSHOT_REMOTE', path: '/OutOfStock/left' }
    expect(await failure(b.client(Store).place({ sku: 'tea' }))).toMatchObject(remote)
    expect(await failure(readOf(b.client(Store).watch({ sku: 'tea' })))).toMatchObject(remote)
    expect(seen.filter(({ text }) => text.includes('OutOfStock does not fit'))).toHaveLength(2)
  })

  it('is EARSHOT_REMOTE where the channel does not declare it, without its stack', async () => {
    faults()
    const [a, b] = await pairOf()
    await a.serve(Store, {
      ...unused,
      plain: () => {
        throw new OutOfStock('secret')
      },
      place: () => {
        throw new TypeError('a bug')
      },
    })
    const { plain, place } = b.client(Store)
    for (const [call, text] of [
      [plain, 'secret'],
      [place, 'a bug'],
    ] as const) {
      const error = await failure(call({ sku: 'tea' }))
      expect(error).toMatchObject({ code: 'EARSHOT_REMOTE', name: 'EarshotError' })
      expect(error.message).toContain(text)
      expect(JSON.stringify(error)).not.toContain('declared-errors.test')
    }
  })

  it('is neither tried again, nor hidden by a fallback, nor held against its peer', async () => {
    const [a, b] = await pairOf()
    let begun = 0
    await a.serve(Store, {
      ...unused,
      place: (_, context) => {
        begun++
        throw context.error('Closed', {})
      },
    })
    const { place } = b.client(Store, { channels: { place: { fallback: { value: fine() } } } })
    for (let call = 0; call < 25; call++) {
      expect(await failure(place({ sku: 'tea' }))).toMatchObject({ name: 'Closed' })
    }
    expect(begun).toBe(25)
    expect(b.breakers().map(({ state }) => state)).toEqual(['closed'])
  })

  it('is told at the door, its data as JSON', async () => {
    const [a, b] = await pairOf()
    await a.serve(Store, { ...unused, place: () => Promise.reject(new OutOfStock('gone')) })
    b.client(Store)
    // A door answers at once what nobody is known to offer.
    await until('b knows the offer', () => b.peers().some(({ contracts }) => contracts.length > 0))
    const asked = askDoor(b.endpoints.door[0] as string, {
      op: 'call',
      contract: 'test.store',
      channel: 'place',
      body: { sku: 'tea' },
    })
    const { data } = await failure(asked)
    expect(data).toEqual({
      remote: {
        ...{ code: 'EARSHOT_DECLARED', name: 'OutOfStock', retryable: false, sent: 'unknown' },
        message: 'test.store/1/place at a: gone',
        data: { sku: 'tea', left: 3, seal: 'AQL/' },
      },
    })
  })

  it('of a newer minor version is EARSHOT_REMOTE with its name for older ones', async () => {
    const Later = contract('test.store', '1.1.0', {
      place: request(Sku, Done, {
        errors: { ...errors, Banned: Type.Object({ until: Type.Integer() }) },
      }),
    })
    for (const codec of codecNames) {
      const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
      await a.serve(Later, {
        place: ({ sku }, context) => {
          if (sku === 'tea') throw context.error('OutOfStock', outOfStock)
          throw context.error('Banned', { until: 7 })
        },
      })
      const { place } = b.client(Store)
      const known = await failure(place({ sku: 'tea' }))
      expect(known).toMatchObject({ code: 'EARSHOT_DECLARED', name: 'OutOfStock' })
      const unknown = await failure(place({ sku: 'rice' }))
      expect(unknown).toMatchObject({ code: 'EARSHOT_REMOTE', data: { name: 'Banned' } })
    }
  })
})

describe('a contract with errors', () => {
  const define = (errors: object) => () =>
    contract('test.store', '1.0.0', { place: request(Sku, Done, { errors: errors as never }) })
  const invalid = expect.objectContaining({ code: 'EARSHOT_CONTRACT_INVALID' })

  it.each([
    ['of a name that errors of the language have', { TypeError: Type.Object({}) }],
    ['of a name in small letters', { closed: Type.Object({}) }],
    ['with data that is no object', { Closed: Type.String() }],
    ['with data that is null', { Closed: Type.Null() }],
    ['that are no object', 7],
  ])('%s cannot be defined', (_, given) => {
    expect(define(given as object)).toThrow(invalid)
  })

  it('cannot be had where nobody waits for them', () => {
    const tell = notification(Sku)
    const options = { ...tell.options, errors } as never
    expect(() => contract('test.store', '1.0.0', { tell: { ...tell, options } })).toThrow(invalid)
  })
})
