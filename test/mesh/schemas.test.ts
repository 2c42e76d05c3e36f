// What is kept of other versions is bounded, in number and bytes, and stays while it is of use.

import { type AnyContract, contract, event, request } from 'earshot'
import { createVirtualClock } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import type { CodecName } from '../../src/codec/codec.ts'
import { Catalog } from '../../src/mesh/catalog.ts'
import type { Inbound, RecordHandler } from '../../src/mesh/inbound.ts'
import { LocalChannel } from '../../src/mesh/local-channel.ts'
import type { Link, Remote } from '../../src/mesh/remote.ts'
import { Schemas } from '../../src/mesh/schemas.ts'
import { Kind, type RecordWalker } from '../../src/wire/record.ts'
import { failure } from '../support/peers.ts'

const codecs: readonly CodecName[] = ['avro', 'json']

/** Schemas whose questions are answered by who knows `known`. */
function schemasOf(changes: object, known: readonly AnyContract[]) {
  const limits = resolveLimits(changes)
  const clock = createVirtualClock()
  const handlers = new Map<number, RecordHandler>()
  const inbound = {
    on: (kind: number, handler: RecordHandler) => void handlers.set(kind, handler),
  } as unknown as Inbound
  const catalog = new Catalog({ codecs, only: undefined }, limits)
  const theirs = new Catalog({ codecs, only: undefined }, resolveLimits({ maxContracts: 10_000 }))
  for (const one of known) theirs.learn(one)
  let asked = 0
  const remoteOf = (name: string): Remote => {
    const link = { closed: false } as unknown as Link
    const remote = { id: name, epoch: 1, name, link } as unknown as Remote
    const control = (kind: number, bytes: Buffer) => {
      if (kind !== Kind.ask) return
      asked++
      const { id } = JSON.parse(bytes.toString())
      const types = theirs.typesOf(id)
      if (!types) return
      const { shape, replyShape } = types
      const text = JSON.stringify({ id, kind: types.kind, shape, replyShape })
      const buffer = Buffer.from(text)
      const record = { buffer, start: 0, end: buffer.length } as unknown as RecordWalker
      queueMicrotask(() => handlers.get(Kind.tell)?.(link, record))
    }
    Object.assign(link, { remote, outbound: { control } })
    return remote
  }
  return {
    schemas: new Schemas({ inbound, catalog, clock, limits }),
    remoteOf,
    clock,
    count: () => asked,
  }
}

const many = Array.from({ length: 6 }, (_, at) =>
  contract('test.many', `1.${at}.0`, {
    said: event(Type.Object({ [`field${at}`]: Type.Integer() })),
  }),
)
const ids = many.map(({ channels }) => channels[0]?.id as string)

describe('shapes of other versions', () => {
  it('are asked for once, whoever needs them', async () => {
    const { schemas, remoteOf, count } = schemasOf({}, many)
    const one = remoteOf('one')
    const [first, second] = await Promise.all([
      schemas.of(one, ids[0] as string),
      schemas.of(one, ids[0] as string),
    ])
    expect(second).toEqual(first)
    expect(await schemas.of(remoteOf('two'), ids[0] as string)).toEqual(first)
    expect(count()).toBe(1)
  })

  it('are no more than maxSchemas while those who have them are up', async () => {
    const { schemas, remoteOf } = schemasOf({ maxSchemas: 3 }, many)
    const one = remoteOf('one')
    for (const id of ids.slice(0, 3)) await schemas.of(one, id)
    const more = await failure(schemas.of(one, ids[3] as string))
    expect(more).toMatchObject({ code: 'EARSHOT_OVERLOADED' })
    expect(more.message).toContain('maxSchemas')
  })

  it('give way, the one used longest ago first, when nobody has them any more', async () => {
    const { schemas, remoteOf, count } = schemasOf({ maxSchemas: 3 }, many)
    const [one, two] = [remoteOf('one'), remoteOf('two')]
    for (const id of ids.slice(0, 3)) await schemas.of(one, id)
    await schemas.of(two, ids[1] as string)
    schemas.release(one)
    for (const id of ids.slice(3, 5)) await schemas.of(two, id)
    expect(count()).toBe(5)
    await schemas.of(two, ids[1] as string)
    expect(count()).toBe(5)
    const full = await failure(schemas.of(two, ids[5] as string))
    expect(full).toMatchObject({ code: 'EARSHOT_OVERLOADED' })
  })

  it('are no more bytes than maxSchemaCacheBytes', async () => {
    const { schemas, remoteOf } = schemasOf({ maxSchemaCacheBytes: 600 }, many)
    const one = remoteOf('one')
    const results = []
    for (const id of ids) results.push(await schemas.of(one, id).catch(({ code }) => code))
    expect(results.filter((result) => result === 'EARSHOT_OVERLOADED').length).toBeGreaterThan(0)
    expect(results.filter((result) => typeof result === 'object').length).toBeGreaterThan(0)
  })

  it('that are not told in time, or whose link is lost, can be asked for again', async () => {
    const { schemas, remoteOf, clock } = schemasOf({}, [])
    const silent = failure(schemas.of(remoteOf('silent'), ids[0] as string))
    await clock.advance(2_000)
    expect(await silent).toMatchObject({ code: 'EARSHOT_TIMEOUT', sent: 'no', retryable: true })
    const one = remoteOf('one')
    const lost = failure(schemas.of(one, ids[0] as string))
    schemas.lost(one.link as Link)
    expect(await lost).toMatchObject({ code: 'EARSHOT_PEER_GONE' })
  })
})

describe('numbers for who writes in another version', () => {
  const Echo = contract('test.echo', '1.0.0', {
    echo: request(Type.Object({ a: Type.Integer() }), Type.Object({})),
  })

  it('are shared by all who write so, and free when the last of them is down', () => {
    const catalog = new Catalog({ codecs, only: undefined }, resolveLimits({ maxSchemas: 2 }))
    const local = catalog.channel(Echo.echo)
    catalog.serve(local)
    const [one, two] = [{} as Remote, {} as Remote]
    const writer = { shape: Echo.echo.shape, codecs }
    const number = catalog.numberForWriter(local, 'a', writer, one)
    expect(number).not.toBe(local.number)
    expect(catalog.numberForWriter(local, 'a', writer, two)).toBe(number)
    expect(catalog.byNumber(number)?.number).toBe(local.number)
    expect(catalog.byNumber(number)).not.toBeInstanceOf(LocalChannel)
    catalog.numberForWriter(local, 'b', writer, two)
    expect(() => catalog.numberForWriter(local, 'c', writer, one)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_OVERLOADED' }),
    )
    catalog.release(one)
    expect(catalog.byNumber(number)).toBeDefined()
    catalog.release(two)
    expect(catalog.byNumber(number)).toBeUndefined()
    expect(catalog.numberForWriter(local, 'c', writer, one)).toBeGreaterThan(local.number)
  })
})
