import fc from 'fast-check'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { formats } from '../../src/codec/formats.ts'
import { canonicalShape, shapeId } from '../../src/contract/canonical.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { linked } from '../../src/contract/link.ts'
import { parseShape } from '../../src/contract/parse-shape.ts'
import { seed, shapes } from '../codec/arbitrary.ts'
import { thrownBy } from '../codec/thrown.ts'

const base = { a: Type.Integer({ description: 'one' }), b: Type.String() }

function idOf(type: Parameters<typeof shapeOf>[0]): string {
  return shapeId(shapeOf(type, 'Root'))
}

test('documentation does not change the id of a shape', () => {
  expect(idOf(Type.Object(base))).toBe(idOf(Type.Object({ ...base, a: Type.Integer() })))
  expect(idOf(Type.Object(base))).toMatch(/^[0-9a-f]{64}$/)
})

test('defaults, tags, logical types and constraints change the id of a shape', () => {
  const variants = [
    Type.Integer(),
    Type.Integer({ default: 1 }),
    Type.Integer({ tag: 7 }),
    Type.Integer({ format: 'timestamp-millis' }),
    Type.Integer({ minimum: 0 }),
    Type.Optional(Type.Integer()),
    Type.BigInt(),
  ]
  const ids = variants.map((a) => idOf(Type.Object({ ...base, a })))
  expect(new Set(ids).size).toBe(variants.length)
})

test('a type that contains itself has a finite id, the same each time', () => {
  const tree = Type.Object({ kids: Type.Array(Type.Ref('Tree')) })
  const id = (): string => idOf(Type.Cyclic({ Tree: tree }, 'Tree'))
  expect(id()).toBe(id())
  expect(id()).toBe(shapeId(linked(shapeOf(Type.Cyclic({ Tree: tree }, 'Tree'), 'Root'))))
  expect(id()).not.toBe(idOf(Type.Object({ kids: Type.Array(Type.Object({})) })))
})

test('a key called doc inside a default counts', () => {
  const withDoc = (doc: string): string => {
    const map = Type.Record(Type.String(), Type.String(), { default: { doc } })
    return idOf(Type.Object({ map }))
  }
  expect(withDoc('a')).not.toBe(withDoc('b'))
})

test(`a shape that goes as JSON comes back as it was (EARSHOT_SEED=${seed})`, () => {
  const property = fc.property(shapes, (shape) => {
    const back = parseShape(JSON.parse(JSON.stringify(shape)))
    expect(back).toEqual(shape)
    expect(shapeId(back)).toBe(shapeId(shape))
    expect(canonicalShape(back)).toBe(canonicalShape(shape))
  })
  fc.assert(property, { seed, numRuns: 200 })
})

test('a shape from a stranger is refused with the path of its fault', () => {
  const field = (more: object): unknown => ({
    kind: 'record',
    name: 'R',
    fields: [
      {
        name: 'a',
        wireName: 'a',
        tag: 1,
        shape: { kind: 'bool' },
        optional: false,
        nullable: false,
        ...more,
      },
    ],
  })
  let deep: unknown = { kind: 'bool' }
  for (let depth = 0; depth < 5000; depth++) deep = { kind: 'list', items: deep }
  const many = { kind: 'enum', name: 'E', symbols: new Array(1e6), numbers: new Array(1e6) }
  const cases: [json: unknown, path: string][] = [
    [null, ''],
    [[], ''],
    [{ kind: 'wish' }, ''],
    [{ kind: 'list', items: { kind: 'any' } }, '/items'],
    [{ kind: 'int', bits: 16, bigint: false }, '/bits'],
    [{ kind: 'string', pattern: '(' }, '/pattern'],
    [field({ name: '__proto__' }), '/fields/0/name'],
    [field({ wireName: 'a b' }), '/fields/0/wireName'],
    [field({ wireName: 'a";process.exit()//' }), '/fields/0/wireName'],
    [field({ tag: 0 }), '/fields/0/tag'],
    [field({ tag: 19_000 }), '/fields/0/tag'],
    [field({ optional: 1 }), '/fields/0/optional'],
    [field({ fallback: 'x' }), '/fields/0/fallback'],
    [{ kind: 'enum', name: 'E', symbols: ['a', 'a'], numbers: [1, 2] }, '/symbols/1'],
    [{ kind: 'enum', name: 'E', symbols: ['a', 'b'], numbers: [2, 1] }, '/numbers/1'],
    [many, '/symbols'],
    [{ kind: 'union', name: 'U', discriminator: 'k', branches: [] }, '/branches'],
    [{ kind: 'ref', name: 'R' }, '/name'],
    [field({ shape: { kind: 'ref', name: 'Other' } }), '/fields/0/shape/name'],
    [field({ shape: { kind: 'ref', name: 'R' } }), ''],
    [{ kind: 'bytes', length: 0, name: 'F' }, '/length'],
    [{ kind: 'bytes', length: 4 }, '/name'],
    [{ kind: 'list', items: { kind: 'bool' }, packed: true }, '/packed'],
    [field({ always: false }), '/fields/0/always'],
    [
      {
        kind: 'union',
        name: 'U',
        discriminator: 'k',
        branches: [{ literal: 'a', tag: 1, record: field({}), bare: true }],
      },
      '/branches/0/bare',
    ],
  ]
  for (const [json, path] of cases) {
    const error = thrownBy(() => parseShape(json))
    expect(error?.code).toBe('EARSHOT_BYTES_INVALID')
    expect(error?.path).toBe(path)
  }
  expect(thrownBy(() => parseShape(deep))?.code).toBe('EARSHOT_BYTES_INVALID')
})

test('names with code in them end up as text in compiled codecs', () => {
  const evil = '"]; globalThis.evil = 1; //'
  const shape = parseShape({
    kind: 'record',
    name: 'R',
    fields: [
      {
        name: evil,
        wireName: 'x',
        tag: 1,
        shape: { kind: 'enum', name: 'E', symbols: [`${evil}\u2028\``], numbers: [1] },
        optional: false,
        nullable: false,
      },
    ],
  })
  const room = Buffer.alloc(1000)
  for (const format of formats) {
    const codec = format.compile(shape, defaultLimits)
    const value = { [evil]: `${evil}\u2028\`` }
    expect(codec.decode(room, 0, codec.encodeInto(value, room, 0))).toEqual(value)
  }
  expect('evil' in globalThis).toBe(false)
})
