// Owns what every format must do; run for each of them. Never knows one by name, save that JSON
// has no NaN and no −0.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import type { Format } from '../../src/codec/codec.ts'
import { findFault } from '../../src/contract/check.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { seed, shapes } from './arbitrary.ts'
import { encoded } from './encoded.ts'
import { thrownBy } from './thrown.ts'
import { expected, valueFor } from './values.ts'

const offset = 5
const room = Buffer.alloc(1 << 20)

interface Sample {
  readonly shape: Shape
  readonly value: unknown
}

/** Lists of lists multiply: one sample of some thousand is larger than all others together. */
const MOST_CHARS = 20_000

function samples(finite: boolean): fc.Arbitrary<Sample> {
  return shapes
    .chain((shape) => valueFor(shape, finite).map((value) => ({ shape, value })))
    .filter(({ value }) => charsOf(value) <= MOST_CHARS)
}

function charsOf(value: unknown): number {
  const plain = (_: string, one: unknown) => (typeof one === 'bigint' ? String(one) : one)
  return JSON.stringify(value, plain)?.length ?? 0
}

/** The conformance suite of a format. */
export function conformance(format: Format): void {
  const isJson = format.codec === 'json'
  describe(`${format.codec} (EARSHOT_SEED=${seed})`, () => {
    test('gives back what was encoded, properties in declared order', () => {
      fc.assert(
        fc.property(samples(isJson), ({ shape, value }) => roundTrip(format, shape, value)),
        { seed, numRuns: 100 },
      )
    })

    test('what is absent is no property; null and defaults stand where the shape says', () => {
      presence(format)
    })

    test('a body of bytes passes untouched: copied in, a view out', () => {
      const codec = format.compile({ kind: 'bytes', maxLength: 4 }, defaultLimits)
      expect(codec.encodeInto(new Uint8Array([1, 2, 3]), room, 1)).toBe(4)
      const view = codec.decode(room, 1, 4) as Buffer
      expect([...view]).toEqual([1, 2, 3])
      expect(view.buffer).toBe(room.buffer)
      expect(codec.encodeInto(new Uint8Array(4), Buffer.alloc(3), 0)).toBe(-1)
      expect(thrownBy(() => codec.encodeInto('x', room, 0))?.code).toBe('EARSHOT_BODY_INVALID')
      expect(thrownBy(() => codec.decode(room, 0, 5))?.code).toBe('EARSHOT_BYTES_INVALID')
    })

    test('what keeps nothing under keys is no object, such as a promise that was forgotten', () => {
      const keyless = [new Date(0), Promise.resolve({}), /x/, new ArrayBuffer(2), new Error('x')]
      const others = [new Map(), new Set(), new Number(1), new String(''), new Uint8Array(2), []]
      class Plain {
        a = 1
      }
      const loose = Type.Object({ a: Type.Optional(Type.Integer()) })
      for (const type of [loose, Type.Record(Type.String(), Type.Integer())]) {
        const codec = format.compile(shapeOf(type, 'Body'), defaultLimits)
        for (const value of [...keyless, ...others]) {
          const error = thrownBy(() => codec.encodeInto(value, room, 0))
          expect(error?.code, String(value)).toBe('EARSHOT_BODY_INVALID')
          expect(error?.data.expected).toBe('object')
        }
        const bare = Object.assign(Object.create(null), { a: 1 })
        for (const value of [new Plain(), bare]) {
          expect(codec.decode(room, 0, codec.encodeInto(value, room, 0))).toEqual({ a: 1 })
        }
      }
    })

    test('more items than limits.maxItems are refused before they go out', () => {
      const shape: Shape = { kind: 'list', items: { kind: 'list', items: { kind: 'bool' } } }
      const codec = format.compile(shape, { ...defaultLimits, maxItems: 5 })
      const fits = [[true, true], [false]]
      expect(codec.decode(room, 0, codec.encodeInto(fits, room, 0))).toEqual(fits)
      const error = thrownBy(() => codec.encodeInto([...fits, [true]], room, 0))
      expect(error?.code).toBe('EARSHOT_BODY_INVALID')
      const wide = format.compile(shape, defaultLimits)
      const end = wide.encodeInto([...fits, [true]], room, 0)
      expect(thrownBy(() => codec.decode(room, 0, end))?.code).toBe('EARSHOT_BYTES_INVALID')
    })

    test('as many items as limits.maxItems allows come back, whatever is in them', () => {
      const part = Type.Object({ a: Type.Integer(), b: Type.Boolean(), c: Type.Object({}) })
      const one = Type.Object({ x: part, y: part, n: Type.Integer() })
      const codec = format.compile(shapeOf(Type.Array(one), 'Body'), defaultLimits)
      const inner = { a: 0, b: false, c: {} }
      const value = { x: inner, y: inner, n: 0 }
      const list = new Array(defaultLimits.maxItems).fill(value)
      const written = encoded(codec, list)
      const back = codec.decode(written.room, 0, written.end) as unknown[]
      expect(back.length).toBe(list.length)
      expect(back.at(-1)).toEqual(value)
    })

    test('what contains itself goes as deep as limits.maxDepth and no deeper, both ways', () => {
      depth(format)
    })

    test('returns -1 at every size that is too small, and writes nothing beyond', () => {
      fc.assert(
        fc.property(samples(isJson), ({ shape, value }) => tooSmall(format, shape, value)),
        { seed, numRuns: 40 },
      )
    })

    test('refuses wrong values with the path that the check names', () => {
      const broken = samples(isJson).chain(({ shape, value }) =>
        damaged(value).map((wrong) => ({ shape, value: wrong })),
      )
      fc.assert(
        fc.property(broken, ({ shape, value }) => refusal(format, shape, value)),
        { seed, numRuns: 100 },
      )
    })

    test('refuses every shorter and every longer range, or reads it as another valid value', () => {
      fc.assert(
        fc.property(samples(isJson), ({ shape, value }) => cutting(format, shape, value)),
        { seed, numRuns: 40 },
      )
    })
  })
}

function roundTrip(format: Format, shape: Shape, value: unknown): void {
  const codec = format.compile(shape, defaultLimits)
  const { room, end } = encoded(codec, value, offset)
  expect(end).toBeGreaterThanOrEqual(offset)
  const decoded = codec.decode(room, offset, end)
  if (shape.kind === 'bytes') {
    expect(Buffer.compare(decoded as Buffer, value as Uint8Array)).toBe(0)
    return
  }
  const wanted = expected(shape, value, format.codec)
  // Not toStrictEqual: it takes a property called `constructor` for the class.
  if (!isDeepStrictEqual(decoded, wanted)) expect(decoded).toEqual(wanted)
  expect(isDeepStrictEqual(decoded, wanted)).toBe(true)
  expect(keysOf(decoded)).toEqual(keysOf(wanted))
}

const presenceType = Type.Object({
  must: Type.Integer(),
  may: Type.Optional(Type.String()),
  nil: Type.Union([Type.Integer(), Type.Null()]),
  both: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  filled: Type.Optional(Type.Integer({ default: 3 })),
  list: Type.Optional(Type.Array(Type.Integer())),
  given: Type.Array(Type.Integer(), { default: [1] }),
})

function presence(format: Format): void {
  const codec = format.compile(shapeOf(presenceType, 'Presence'), defaultLimits)
  const trip = (value: unknown): unknown => codec.decode(room, 0, codec.encodeInto(value, room, 0))
  const least = { must: 0, nil: null, filled: 3, given: [1] }
  expect(trip({ must: 0, nil: null })).toStrictEqual(least)
  expect(trip({ must: 0 })).toStrictEqual(least)
  expect(trip({ must: 0, nil: null, both: null, may: undefined })).toStrictEqual(least)
  const most = { must: 1, may: '', nil: 0, both: 0, filled: 0, list: [], given: [] }
  expect(trip(most)).toStrictEqual(most)
  const some = { must: 1, may: 'x', nil: 5, filled: 4, given: [2, 3] }
  expect(trip(some)).toStrictEqual(some)
  expect(Object.keys(trip(some) as object)).toEqual(Object.keys(some))
  const first = trip({ must: 0 }) as { given: number[] }
  first.given.push(9)
  expect(trip({ must: 0 })).toStrictEqual(least)
}

const chainType = Type.Cyclic(
  {
    Chain: Type.Object({
      next: Type.Optional(Type.Ref('Chain')),
      list: Type.Optional(Type.Array(Type.Ref('Chain'))),
      map: Type.Optional(Type.Record(Type.String(), Type.Ref('Chain'))),
      way: Type.Optional(Type.Ref('Way')),
    }),
    Way: Type.Union([
      Type.Object({ kind: Type.Literal('end') }),
      Type.Object({ kind: Type.Literal('on'), way: Type.Ref('Way') }),
    ]),
  },
  'Chain',
)

interface Chain {
  next?: Chain
  list?: Chain[]
  map?: Record<string, Chain>
  way?: Way
}

type Way = { kind: 'on'; way: Way } | { kind: 'end' }

function depth(format: Format): void {
  const maxDepth = 12
  const shape = shapeOf(chainType, 'Chain')
  const codec = format.compile(shape, { ...defaultLimits, maxDepth })
  const wide = format.compile(shape, defaultLimits)
  const links: readonly (readonly [levels: number, link: (inner: Chain) => Chain])[] = [
    [1, (next) => ({ next })],
    [2, (one) => ({ list: [one] })],
    [2, (x) => ({ map: { x } })],
  ]
  for (const [levels, link] of links) {
    let value: Chain = {}
    for (let level = 1; level + levels <= maxDepth; level += levels) value = link(value)
    const end = codec.encodeInto(value, room, 0)
    expect(codec.decode(room, 0, end)).toEqual(value)
    const deeper = link(value)
    const fault = findFault(shape, deeper, { maxDepth })
    expect(fault?.expected).toContain('limits.maxDepth')
    const error = thrownBy(() => codec.encodeInto(deeper, room, 0))
    expect(error?.code).toBe('EARSHOT_BODY_INVALID')
    expect(error?.path).toBe(fault?.path)
    const wideEnd = wide.encodeInto(deeper, room, 0)
    expect(thrownBy(() => codec.decode(room, 0, wideEnd))?.code).toBe('EARSHOT_BYTES_INVALID')
    // What was refused leaves nothing behind.
    expect(codec.encodeInto(value, room, 0)).toBe(end)
  }
  let way: Way = { kind: 'end' }
  for (let level = 2; level < maxDepth; level++) way = { kind: 'on', way }
  expect(codec.decode(room, 0, codec.encodeInto({ way }, room, 0))).toEqual({ way })
  const more: Chain = { way: { kind: 'on', way } }
  expect(thrownBy(() => codec.encodeInto(more, room, 0))?.path).toBe('/way'.repeat(maxDepth))
  const circle: Chain = {}
  circle.list = [circle]
  const error = thrownBy(() => wide.encodeInto(circle, room, 0))
  expect(error?.code).toBe('EARSHOT_BODY_INVALID')
  expect(error?.path).toBe('/list/0'.repeat(defaultLimits.maxDepth / 2))
}

/** Names of all properties, depth first. */
function keysOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  return Object.entries(value).map(([key, item]) => [key, keysOf(item)])
}

const EDGE_SIZES = 150
const MOST_BETWEEN = 200

/** All near both ends, so many between: of a sample of 1 MB each would take as long as that. */
function sizesBelow(from: number, end: number): number[] {
  const all = Array.from({ length: end - from }, (_, at) => from + at)
  const inner = all.length - 2 * EDGE_SIZES
  if (inner <= MOST_BETWEEN) return all
  const step = Math.ceil(inner / MOST_BETWEEN)
  const isKept = (at: number) => at < EDGE_SIZES || at >= all.length - EDGE_SIZES || at % step === 0
  return all.filter((_, at) => isKept(at))
}

function tooSmall(format: Format, shape: Shape, value: unknown): void {
  const codec = format.compile(shape, defaultLimits)
  const end = codec.encodeInto(value, room, offset)
  const bytes = Buffer.from(room.subarray(offset, end))
  for (const size of [...sizesBelow(offset, end), end]) {
    const memory = new Uint8Array(size + 32).fill(0xa5)
    const buffer = Buffer.from(memory.buffer, 16, size)
    const written = codec.encodeInto(value, buffer, offset)
    expect(written).toBe(size < end ? -1 : end)
    expect(memory.subarray(16 + size).every((byte) => byte === 0xa5)).toBe(true)
    expect(memory.subarray(0, 16 + offset).every((byte) => byte === 0xa5)).toBe(true)
    if (size === end) expect(buffer.subarray(offset).equals(bytes)).toBe(true)
  }
}

/** The value with one part replaced by something that is mostly wrong. */
function damaged(value: unknown): fc.Arbitrary<unknown> {
  const rubbish = fc.constantFrom<unknown>(
    null, undefined, 1.5, -1, 2 ** 53, 2 ** 31, 'x', '\ud800', true, 1n, 2n ** 63n, [], {}, [[]],
    Number.NaN, new Date(0), new Map(), Symbol('s'), () => 0, new Uint8Array(9), 'x'.repeat(40),
  ) // biome-ignore format: a table
  return fc.tuple(fc.infiniteStream(fc.nat(7)), rubbish).map(([steps, wrong]) => {
    const put = (part: unknown): unknown => {
      const isLeaf = typeof part !== 'object' || part === null || part instanceof Uint8Array
      const keys = isLeaf ? [] : Object.keys(part)
      const step = steps.next().value ?? 0
      const key = keys[step % Math.max(1, keys.length)]
      if (isLeaf || key === undefined || step === 7) return wrong
      if (Array.isArray(part)) return part.map((one, at) => (String(at) === key ? put(one) : one))
      return { ...part, [key]: put((part as Record<string, unknown>)[key]) }
    }
    return put(value)
  })
}

function refusal(format: Format, shape: Shape, value: unknown): void {
  const codec = format.compile(shape, defaultLimits)
  const fault = findFault(shape, value, { finite: format.codec === 'json' })
  const error = thrownBy(() => codec.encodeInto(value, room, 0))
  if (fault === undefined) expect(error).toBeUndefined()
  else {
    expect(error?.code).toBe('EARSHOT_BODY_INVALID')
    expect(error?.path).toBe(fault.path)
    expect(error?.message).toContain(fault.expected)
  }
}

function cutting(format: Format, shape: Shape, value: unknown): void {
  const codec = format.compile(shape, defaultLimits)
  const end = codec.encodeInto(value, room, 0)
  const buffer = Buffer.concat([room.subarray(0, end), Buffer.from([0])])
  for (const at of [end + 1, ...sizesBelow(0, end)]) {
    const error = thrownBy(() => codec.decode(buffer, 0, at))
    if (error !== undefined) expect(error.code).toBe('EARSHOT_BYTES_INVALID')
    expect(error?.cause).toBeUndefined()
  }
}
