import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { formats } from '../../src/codec/formats.ts'
import { Resolvers, resolve } from '../../src/codec/resolve.ts'
import { findFault } from '../../src/contract/check.ts'
import { compat } from '../../src/contract/compat.ts'
import { faultsBetween } from '../../src/contract/faults.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { resolved } from '../../src/contract/link.ts'
import type { FieldShape, RecordShape, Shape, UnionBranch } from '../../src/contract/shape.ts'
import { seed } from './arbitrary.ts'
import { encoded } from './encoded.ts'
import { type Pair, pairs } from './evolution.ts'
import { thrownBy } from './thrown.ts'
import { expected, valueFor } from './values.ts'

const room = Buffer.alloc(1 << 20)

type Keyed = Record<string, unknown>

/** What the reader must get of a value that the writer's own decoder gives. */
function received(from: Shape, to: Shape, value: unknown): unknown {
  const [writer, reader] = [resolved(from), resolved(to)]
  if (writer.kind === 'list' && reader.kind === 'list') {
    return (value as unknown[]).map((item) => received(writer.items, reader.items, item))
  }
  if (writer.kind === 'map' && reader.kind === 'map') {
    const entries = Object.entries(value as Keyed)
    return Object.fromEntries(
      entries.map(([key, item]) => [key, received(writer.values, reader.values, item)]),
    )
  }
  if (writer.kind === 'enum' && reader.kind === 'enum') {
    return reader.symbols.includes(value as string) ? value : reader.unknown
  }
  if (writer.kind === 'record' && reader.kind === 'record') {
    return receivedRecord(writer, reader, value as Keyed)
  }
  if (writer.kind === 'union' && reader.kind === 'union') {
    const literal = (value as Keyed)[writer.discriminator]
    const find = (one: UnionBranch) => one.literal === literal
    const [from, to] = [writer.branches.find(find), reader.branches.find(find)]
    if (!from || !to) return undefined
    const rest = receivedRecord(from.record, to.record, value as Keyed)
    return { [reader.discriminator]: literal, ...rest }
  }
  return value
}

function receivedRecord(writer: RecordShape, reader: RecordShape, value: Keyed): Keyed {
  const made: Keyed = {}
  for (const field of reader.fields) {
    const sent = writer.fields.find(({ name }) => name === field.name)
    const item = sent && Object.hasOwn(value, field.name) ? value[field.name] : undefined
    if (sent && item !== undefined && item !== null) {
      made[field.name] = received(sent.shape, field.shape, item)
    } else if (!sent && field.missing !== undefined) made[field.name] = field.missing
    else if (field.fallback !== undefined) made[field.name] = fallbackOf(field)
    else if (field.nullable && !field.optional) made[field.name] = null
  }
  return made
}

function fallbackOf({ shape, fallback }: FieldShape): unknown {
  return shape.kind === 'int' && shape.bigint ? BigInt(fallback as string) : fallback
}

function isSame(a: unknown, b: unknown): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array
    ? Buffer.compare(a, b) === 0
    : isDeepStrictEqual(a, b)
}

function eachWay({ old, next }: Pair): readonly (readonly [Shape, Shape])[] {
  return [
    [old, next],
    [next, old],
  ]
}

function samplesOf(shape: Shape, count: number): unknown[] {
  return fc.sample(valueFor(shape, true), { seed, numRuns: count })
}

function holds(pair: Pair): void {
  const bounds = [...faultsBetween(pair.old, pair.next), ...faultsBetween(pair.next, pair.old)]
  const isBounded = bounds.some(({ healing }) => healing === 'by bounds')
  for (const [writer, reader] of eachWay(pair)) {
    const values = samplesOf(writer, 8)
    for (const format of formats) {
      const encoder = format.compile(writer, defaultLimits)
      const decoder = resolve(format.codec, writer, reader)
      const own = format.compile(reader, defaultLimits)
      for (const value of values) {
        const { room, end } = encoded(encoder, value)
        const wanted = received(writer, reader, expected(writer, value, format.codec))
        const got = decoder.decode(room, 0, end)
        if (!isSame(got, wanted)) expect(got).toEqual(wanted)
        expect(isSame(got, wanted)).toBe(true)
        // Who does not know the writer's shape reads what describes itself all the same.
        if (format.selfDescribing && !isBounded) own.decode(room, 0, end)
      }
    }
  }
}

/** Is there a message that the other side, reading by its own version, refuses or takes wrongly? */
function hasWitness(pair: Pair): boolean {
  const tries = [10, 100].flatMap((count) => eachWay(pair).map((way) => ({ way, count })))
  return tries.some(({ way: [writer, reader], count }) => {
    const values = samplesOf(writer, count)
    return formats.some((format) => {
      const encoder = format.compile(writer, defaultLimits)
      const decoder = format.compile(reader, defaultLimits)
      return values.some((value) => {
        const { room, end } = encoded(encoder, value)
        const wanted = received(writer, reader, expected(writer, value, format.codec))
        let got: unknown
        const error = thrownBy(() => {
          got = decoder.decode(room, 0, end)
        })
        return error !== undefined || !isSame(got, wanted)
      })
    })
  })
}

describe(`the verdict is true (EARSHOT_SEED=${seed})`, () => {
  test('patch and minor: each reads what the other writes, in every codec, both ways', () => {
    let count = 0
    const property = fc.property(pairs(3), (pair) => {
      fc.pre(compat(pair.old, pair.next).verdict !== 'major')
      count++
      holds(pair)
    })
    fc.assert(property, { seed, numRuns: 80, maxSkipsPerRun: 200 })
    expect(count).toBeGreaterThanOrEqual(80)
  })

  test('major: some message is refused or misread by a reader of the other version', () => {
    const property = fc.property(pairs(1), (pair) => {
      fc.pre(compat(pair.old, pair.next).verdict === 'major')
      expect(hasWitness(pair)).toBe(true)
    })
    // One seed: that some message shows the break is likely for each pair, not certain.
    fc.assert(property, { seed: 1, numRuns: 80, maxSkipsPerRun: 200 })
  })

  test('it is the same seen from the other side, but for bounds', () => {
    const property = fc.property(pairs(2), ({ old, next }) => {
      const both = [...faultsBetween(old, next), ...faultsBetween(next, old)]
      fc.pre(both.every(({ healing }) => healing !== 'by bounds'))
      expect(compat(next, old).verdict).toBe(compat(old, next).verdict)
    })
    fc.assert(property, { seed, numRuns: 200, maxSkipsPerRun: 200 })
  })
})

const old = shapeOf(
  Type.Object({
    id: Type.Integer(),
    state: Type.Enum(['new', 'done'], { unknown: 'new' }),
    gone: Type.Optional(Type.String()),
    by: Type.String({ default: 'nobody', tag: 9 }),
  }),
  'Body',
)
const next = shapeOf(
  Type.Object({
    id: Type.Integer(),
    state: Type.Enum(['new', 'done', 'lost'], { unknown: 'new' }),
    by: Type.String({ default: 'somebody', tag: 9 }),
    lines: Type.Array(Type.String(), { default: ['a'], tag: 10 }),
    note: Type.Union([Type.Null(), Type.String()], { tag: 11 }),
  }),
  'Body',
)

describe.each(formats)('$codec between minor versions', (format) => {
  const write = (shape: Shape, value: unknown): number =>
    format.compile(shape, defaultLimits).encodeInto(value, room, 0)

  test('fills defaults, skips the unknown, takes a symbol for the unknown', () => {
    const forward = resolve(format.codec, old, next)
    const end = write(old, { id: 1, state: 'done', gone: 'x' })
    expect(forward.decode(room, 0, end)).toStrictEqual({
      ...{ id: 1, state: 'done', by: 'nobody', lines: ['a'], note: null },
    })
    const back = resolve(format.codec, next, old)
    const more = { id: 2, state: 'lost', by: 'me', lines: [], note: 'n' }
    expect(back.decode(room, 0, write(next, more))).toStrictEqual({ id: 2, state: 'new', by: 'me' })
  })

  test('a default that is filled is new each time', () => {
    const forward = resolve(format.codec, old, next)
    const end = write(old, { id: 1, state: 'done' })
    const first = forward.decode(room, 0, end) as { lines: string[] }
    first.lines.push('b')
    expect(forward.decode(room, 0, end)).toMatchObject({ lines: ['a'] })
  })

  test('refuses wrong bytes with a typed error, and shapes that do not go together', () => {
    const forward = resolve(format.codec, old, next)
    const end = write(old, { id: 1, state: 'done' })
    const code = thrownBy(() => forward.decode(room, 0, end - 1))?.code
    expect(code).toBe('EARSHOT_BYTES_INVALID')
    const strict = shapeOf(Type.Object({ id: Type.Integer(), must: Type.String() }), 'Body')
    const error = thrownBy(() => resolve(format.codec, old, strict))
    expect(error?.code).toBe('EARSHOT_CONTRACT_MISMATCH')
    expect(error?.path).toBe('/must')
    expect(findFault(strict, { id: 1 })?.path).toBe('/must')
  })

  test('shapes that differ in documentation alone need no second step', () => {
    const told = { ...(old as RecordShape), fields: (old as RecordShape).fields.slice() }
    told.fields[0] = { ...(told.fields[0] as FieldShape), doc: 'told' }
    const decoder = resolve(format.codec, old, told)
    expect(Object.keys(decoder)).toContain('encodeInto')
  })
})

test('resolvers are kept, and no more of them than the limit', () => {
  const resolvers = new Resolvers({ ...defaultLimits, maxResolvers: 3 })
  const first = resolvers.get('avro', old, next)
  expect(resolvers.get('avro', structuredClone(old), next)).toBe(first)
  resolvers.get('avro', next, old)
  resolvers.get('json', next, old)
  expect(resolvers.get('avro', old, next)).toBe(first)
  resolvers.get('json', old, next)
  expect(resolvers.size).toBe(3)
  expect(resolvers.get('avro', old, next)).toBe(first)
})
