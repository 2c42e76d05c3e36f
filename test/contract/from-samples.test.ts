// A type from JSON values alone: what is inferred, what is not, and what is refused.

import {
  type CodecName,
  codecNames,
  contractFromDescription,
  createCodec,
  EarshotError,
  fromSamples,
  type Shape,
} from 'earshot'
import { firstDifference } from 'earshot/report'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

function fieldsOf(rows: readonly unknown[]) {
  const { shape, notes } = fromSamples(rows)
  if (shape.kind !== 'record') throw new Error(`a ${shape.kind} was inferred`)
  return { fields: Object.fromEntries(shape.fields.map((one) => [one.name, one])), notes }
}

function refused(rows: readonly unknown[]): EarshotError {
  try {
    fromSamples(rows, { where: (index) => `line ${index + 1}` })
  } catch (error) {
    if (error instanceof EarshotError) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** Bytes and back. */
function trip(shape: Shape, codec: CodecName, value: unknown): unknown {
  const { channels } = contractFromDescription({
    name: 'test.samples',
    version: '1.0.0',
    channels: [{ name: 'row', kind: 'event', shape }],
  })
  const coder = createCodec(channels[0] as never, codec)
  const room = Buffer.alloc(1 << 16)
  return coder.decode(room, 0, coder.encodeInto(value, room, 0))
}

describe('fromSamples', () => {
  it('tells integers from doubles, and takes for doubles what no integer holds exactly', () => {
    const { fields, notes } = fieldsOf([
      { whole: 1, mixed: 1, huge: 2 ** 60, zero: -0 },
      { whole: -7, mixed: 0.5, huge: 1, zero: 0 },
    ])
    expect(fields.whole?.shape).toEqual({ kind: 'int', bits: 64, bigint: false })
    expect(fields.mixed?.shape).toEqual({ kind: 'float', bits: 64 })
    expect(fields.huge?.shape.kind).toBe('float')
    expect(fields.zero?.shape.kind).toBe('float')
    expect(notes).toContainEqual(expect.objectContaining({ path: '/huge', kind: 'unknown' }))
  })

  it('makes optional what is absent in some rows, nullable what is null, and both tell', () => {
    const { fields, notes } = fieldsOf([{ a: 1, b: null }, { b: 'x' }])
    expect(fields.a).toMatchObject({ optional: true, nullable: false })
    expect(fields.b).toMatchObject({ optional: false, nullable: true, shape: { kind: 'string' } })
    expect(notes.map(({ path }) => path)).toEqual(['/a', '/b'])
  })

  it('keeps date-times and uuids as strings, and says so', () => {
    const id = '123e4567-e89b-12d3-a456-426614174000'
    const { fields, notes } = fieldsOf([
      { at: '2026-11-24T12:00:00Z', id, mixed: id },
      { at: '2026-11-24T12:00:00.123+01:00', id, mixed: 'none' },
    ])
    expect(fields.at).toMatchObject({ shape: { kind: 'string' }, doc: 'date-time' })
    expect(fields.id).toMatchObject({ shape: { kind: 'string' }, doc: 'uuid' })
    expect(fields.mixed?.doc).toBeUndefined()
    expect(notes).toHaveLength(2)
  })

  it('infers an enum from few words of a program, seen often; never from names or codes', () => {
    const row = (index: number) => ({
      state: ['open', 'in_work', 'closed'][index % 3],
      city: ['Lyon', 'Basel'][index % 2],
      country: ['FR', 'CH'][index % 2],
      free: `word-${index}`,
    })
    const { fields } = fieldsOf(Array.from({ length: 120 }, (_, index) => row(index)))
    expect(fields.state?.shape).toMatchObject({
      kind: 'enum',
      symbols: ['open', 'in_work', 'closed'],
    })
    for (const name of ['city', 'country', 'free']) expect(fields[name]?.shape.kind).toBe('string')
    const few = fieldsOf(Array.from({ length: 20 }, (_, index) => row(index)))
    expect(few.fields.state?.shape.kind).toBe('string')
  })

  it('infers a map from many keys that are each in few objects, a record otherwise', () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({
      by: { [`k${index}`]: index },
      fixed: { a: index, b: 1 },
    }))
    const { fields } = fieldsOf(rows)
    expect(fields.by?.shape).toMatchObject({ kind: 'map', values: { kind: 'int' } })
    expect(fields.fixed?.shape).toMatchObject({ kind: 'record' })
  })

  it('says what the samples do not tell: always null, always empty', () => {
    const { fields, notes } = fieldsOf([{ never: null, list: [], object: {} }])
    expect(fields.never).toMatchObject({ nullable: true, shape: { kind: 'string' } })
    expect(fields.list?.shape).toMatchObject({ kind: 'list', items: { kind: 'string' } })
    expect(notes.map(({ path, kind }) => `${path} ${kind}`).sort()).toEqual([
      '/list unknown',
      '/never unknown',
      '/object unknown',
    ])
  })

  it('refuses mixed types with the path and where each was seen first', () => {
    const { code, path, message } = refused([{ a: [{ b: 1 }] }, { a: [{ b: 2 }, { b: 'x' }] }])
    expect(code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
    expect(path).toBe('/a/*/b')
    expect(message).toContain('number in line 1, string in line 2')
  })

  it('refuses null in lists and as a row, no rows, and names and depths of no contract', () => {
    expect(refused([{ a: [1, null] }]).path).toBe('/a/*')
    expect(refused([null]).message).toContain('null')
    expect(refused([]).message).toContain('nothing')
    expect(refused([JSON.parse('{"a":{"__proto__":1}}')]).path).toBe('/a/__proto__')
    let deep: unknown = 1
    for (let level = 0; level < 5_000; level++) deep = [deep]
    expect(refused([deep]).message).toContain('too deeply')
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, at]))
    expect(refused([wide]).message).toContain('4096')
  })

  it('tells fields apart that Avro and Protobuf would call the same', () => {
    const { fields } = fieldsOf([{ 'a-b': 1, a_b: 2, 'a.b': 3 }])
    const names = Object.values(fields).map(({ wireName }) => wireName)
    expect(new Set(names).size).toBe(3)
  })

  it('gives a shape that brings every row back in every codec, whatever the rows', () => {
    const key = fc.constantFrom('a', 'b', 'c-d', 'c_d', 'name', 'constructor')
    const { row } = fc.letrec((tie) => ({
      row: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      value: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        // JSON.stringify writes -0 as 0, and so do we.
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
        fc.string({ unit: 'grapheme' }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        tie('row'),
      ),
    }))
    let carried = 0
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
        let shape: Shape
        try {
          shape = fromSamples(rows).shape
        } catch (error) {
          expect(error).toMatchObject({ code: 'EARSHOT_SHAPE_UNSUPPORTED' })
          return
        }
        carried++
        for (const codec of codecNames) {
          for (const one of rows) {
            const found = firstDifference(one, trip(shape, codec, one))
            expect(found, `${codec} ${JSON.stringify(one)}`).toBeUndefined()
          }
        }
      }),
      { numRuns: 200 },
    )
    expect(carried).toBeGreaterThan(50)
  })
})
