import { type TSchema, Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { Bytes } from '../../src/contract/bytes.ts'
import type { Change } from '../../src/contract/change.ts'
import { event, notification, request } from '../../src/contract/channel.ts'
import { type Compatibility, compat } from '../../src/contract/compat.ts'
import { contract } from '../../src/contract/contract.ts'
import { Decimal } from '../../src/contract/decimal.ts'
import { faultsBetween } from '../../src/contract/faults.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { isSameType } from '../../src/contract/same-type.ts'
import type { FieldShape, RecordShape, Shape } from '../../src/contract/shape.ts'
import { thrownBy } from '../codec/thrown.ts'

function compared(old: TSchema, next: TSchema): Compatibility {
  return compat(shapeOf(old, 'Body'), shapeOf(next, 'Body'))
}

/** Both as the field x of an object, which has another field too. */
function field(old: TSchema | undefined, next: TSchema | undefined): Compatibility {
  const object = (x: TSchema | undefined) =>
    Type.Object({ id: Type.Integer({ tag: 1 }), ...(x && { x: tagged(x) }) })
  return compared(object(old), object(next))
}

function tagged(x: TSchema): TSchema {
  return 'tag' in x ? x : ({ ...x, tag: 2, ...optionalOf(x) } as TSchema)
}

function optionalOf(x: TSchema): object {
  return '~optional' in x ? { '~optional': true } : {}
}

const text = Type.String()
const may = Type.Optional(text)
const small = Type.Integer({ format: 'int32' })
const decimal = (precision: number, scale: number) => Decimal({ precision, scale })
const kinds = (...names: string[]) =>
  Type.Union(names.map((kind) => Type.Object({ kind: Type.Literal(kind) })))

const fixed16 = Bytes({ length: 16, name: 'F' })

const rows: [what: string, old: TSchema | undefined, next: TSchema | undefined, verdict: string][] =
  [
    ['documentation', text, Type.String({ description: 'x' }), 'patch'],
    ['nothing', text, text, 'patch'],
    ['an optional field more', undefined, may, 'minor'],
    ['a field with default more', undefined, Type.String({ default: '' }), 'minor'],
    ['a nullable field more', undefined, Type.Union([text, Type.Null()]), 'minor'],
    ['a required field more', undefined, text, 'major'],
    ['an optional field less', may, undefined, 'minor'],
    ['a required field less', text, undefined, 'major'],
    ['another tag', Type.String({ tag: 2 }), Type.String({ tag: 3 }), 'major'],
    ['int32 to int64', small, Type.Integer(), 'major'],
    ['int64 to int32', Type.Integer(), small, 'major'],
    ['number to bigint', Type.Integer(), Type.BigInt(), 'major'],
    ['integer to float', Type.Integer(), Type.Number(), 'major'],
    ['float to double', Type.Number({ format: 'float' }), Type.Number(), 'major'],
    ['string to bytes', text, Bytes(), 'major'],
    ['string to decimal', text, decimal(10, 2), 'major'],
    ['more digits before the point', decimal(10, 2), decimal(12, 2), 'minor'],
    ['fewer digits before the point', decimal(12, 2), decimal(10, 2), 'major'],
    ['more digits after the point', decimal(10, 2), decimal(12, 4), 'major'],
    ['fewer digits after the point', decimal(12, 4), decimal(10, 2), 'major'],
    ['a logical type', Type.Integer(), Type.Integer({ format: 'timestamp-millis' }), 'minor'],
    ['no logical type', Type.Integer({ format: 'time-micros' }), Type.Integer(), 'minor'],
    ['a text that is a uuid', text, Type.String({ format: 'uuid' }), 'minor'],
    ['bytes that are a uuid', fixed16, Bytes({ length: 16, name: 'F', logical: 'uuid' }), 'minor'],
    [
      'another logical type',
      Type.Integer({ format: 'timestamp-millis' }),
      Type.Integer({ format: 'timestamp-micros' }),
      'major',
    ],
    [
      'another logical type of 32 bits',
      Type.Integer({ format: 'date' }),
      Type.Integer({ format: 'time-millis' }),
      'major',
    ],
    ['a symbol more', Type.Enum(['a']), Type.Enum(['a', 'b']), 'major'],
    ['a symbol less', Type.Enum(['a', 'b']), Type.Enum(['a']), 'major'],
    [
      'a symbol more where the unknown is known',
      Type.Enum(['a'], { unknown: 'a' }),
      Type.Enum(['a', 'b'], { unknown: 'a' }),
      'minor',
    ],
    ['a symbol for the unknown', Type.Enum(['a']), Type.Enum(['a'], { unknown: 'a' }), 'minor'],
    ['a symbol with another number', Type.Enum(['a', 'b']), Type.Enum(['b', 'a']), 'major'],
    ['a kind more', kinds('a', 'b'), kinds('a', 'b', 'c'), 'major'],
    ['a kind less', kinds('a', 'b', 'c'), kinds('a', 'b'), 'major'],
    ['optional to required', may, text, 'major'],
    ['required to nullable', text, Type.Union([text, Type.Null()]), 'major'],
    ['required to default', text, Type.String({ default: 'x' }), 'major'],
    ['optional to default', may, Type.Optional(Type.String({ default: 'x' })), 'minor'],
    ['another default', Type.String({ default: 'x' }), Type.String({ default: 'y' }), 'minor'],
    ['a looser bound', Type.String({ maxLength: 4 }), Type.String({ maxLength: 8 }), 'minor'],
    ['no bound any more', Type.Number({ minimum: 4 }), Type.Number(), 'minor'],
    ['a tighter bound', Type.String({ maxLength: 8 }), Type.String({ maxLength: 4 }), 'major'],
    ['a bound', Type.Array(text), Type.Array(text, { minItems: 1 }), 'major'],
    ['a pattern', text, Type.String({ pattern: '^a' }), 'major'],
    ['no pattern any more', Type.String({ pattern: '^a' }), text, 'minor'],
    ['another pattern', Type.String({ pattern: '^a' }), Type.String({ pattern: '^b' }), 'major'],
    ['a sign in Protobuf', Type.Integer({ minimum: 0 }), Type.Integer(), 'major'],
    [
      'lists told from absent in another way',
      Type.Optional(Type.Array(text)),
      Type.Array(text, { default: [] }),
      'major',
    ],
  ]

describe('the verdict on a field', () => {
  test.each(rows)('%s', (_, old, next, verdict) => {
    const found = field(old, next)
    expect(found.verdict).toBe(verdict)
    for (const { path, reason } of found.changes) {
      expect(path === '' || path.startsWith('/x')).toBe(true)
      expect(reason).not.toBe('')
    }
  })
})

test('a rename that keeps the tag breaks JSON and MessagePack, whose keys are names', () => {
  const old = Type.Object({ a: Type.Optional(Type.String({ tag: 1 })) })
  const next = Type.Object({ b: Type.Optional(Type.String({ tag: 1 })) })
  const { verdict, changes } = compared(old, next)
  expect(verdict).toBe('major')
  expect(changes.filter(({ level }) => level === 'major')).toEqual([
    expect.objectContaining({ path: '/a', codec: 'protobuf', direction: 'old to new' }),
    expect.objectContaining({ path: '/b', codec: 'protobuf', direction: 'new to old' }),
  ])
})

test('changes name the place in lists, maps and unions, and the direction', () => {
  const type = (n: TSchema) =>
    Type.Object({
      list: Type.Array(Type.Record(Type.String(), Type.Object({ n }))),
      way: Type.Union([
        Type.Object({ kind: Type.Literal('a'), n }),
        Type.Object({ kind: Type.Literal('b/c') }),
      ]),
    })
  const { changes } = compared(
    type(Type.Integer({ maximum: 9, minimum: 0 })),
    type(Type.Integer({ maximum: 5, minimum: 0 })),
  )
  expect(changes.map(({ path, direction, level }) => [path, direction, level])).toEqual([
    ['/list/[]/{}/n', 'old to new', 'major'],
    ['/way/kind=a/n', 'old to new', 'major'],
  ])
})

describe('the verdict on a contract', () => {
  const body = Type.Object({ id: Type.Integer() })
  const base = { ask: request(body, body), tell: notification(body), said: event(body) }
  const version = (drafts: Parameters<typeof contract>[2]) => contract('test.x', '1.0.0', drafts)
  const old = version(base)

  function worst(drafts: Parameters<typeof contract>[2]): Change | undefined {
    const { verdict, changes } = compat(old, version(drafts))
    return changes.find(({ level }) => level === verdict)
  }

  test('a channel more is minor, a channel less is major', () => {
    expect(worst({ ...base, more: event(body) })).toMatchObject({ path: '/more', level: 'minor' })
    const { ask: _, ...less } = base
    expect(worst(less)).toMatchObject({ path: '/ask', level: 'major' })
  })

  test('another kind is major, and so is another name of the contract', () => {
    expect(worst({ ...base, tell: event(body) })).toMatchObject({ path: '/tell', level: 'major' })
    expect(compat(old, contract('test.y', '1.0.0', base)).verdict).toBe('major')
  })

  test('bodies and replies are compared, each under its path', () => {
    const wide = Type.Object({ id: Type.Integer(), note: Type.Optional(Type.String()) })
    expect(worst({ ...base, ask: request(body, wide) })).toMatchObject({
      path: '/ask/reply/note',
      direction: 'old to new',
      level: 'minor',
    })
    const asked = (drafts: typeof base) => contract('test.x', '1.0.0', drafts).ask
    const changed = compat(asked(base), asked({ ...base, ask: request(wide, body) as never }))
    expect(changed).toMatchObject({
      verdict: 'minor',
      changes: [{ path: '/body/note' }, { path: '/body/note' }],
    })
  })

  test('what a codec alone does not bear counts only where that codec is promised', () => {
    const tags = (tag: number) => Type.Object({ id: Type.Integer({ tag }) })
    const judged = (codecs: readonly ('json' | 'msgpack' | 'protobuf')[]) =>
      compat(
        version({ said: event(tags(1), { codecs }) }),
        version({ said: event(tags(2), { codecs }) }),
      ).verdict
    expect(judged(['json', 'msgpack'])).toBe('minor')
    expect(judged(['json', 'protobuf'])).toBe('major')
  })

  test('promising fewer codecs is major, more is minor', () => {
    const narrow = event(body, { codecs: ['json'] })
    expect(worst({ ...base, said: narrow })).toMatchObject({ path: '/said', level: 'major' })
    const from = version({ said: narrow })
    expect(compat(from, version({ said: event(body) })).verdict).toBe('minor')
  })

  test('a promise that is taken back is major', () => {
    const from = version({ ask: request(body, body, { idempotent: true }) })
    const to = version({ ask: request(body, body) })
    expect(compat(from, to).verdict).toBe('major')
    expect(compat(to, from).verdict).toBe('minor')
    const keyed = version({ said: event(body, { key: 'id' }) })
    expect(compat(keyed, version({ said: event(body) })).verdict).toBe('major')
    expect(compat(version({ said: event(body) }), keyed).verdict).toBe('minor')
  })
})

describe('types that contain themselves', () => {
  const tree = (more: object, kid: TSchema = Type.Ref('Tree')): TSchema =>
    Type.Cyclic({ Tree: Type.Object({ kids: Type.Array(kid), ...more }) }, 'Tree')

  test('are compared once, and a change in them is told of at its first place', () => {
    expect(compared(tree({}), tree({}))).toEqual({ verdict: 'patch', changes: [] })
    const { verdict, changes } = compared(tree({}), tree({ n: Type.Integer() }))
    expect(verdict).toBe('major')
    expect(changes.map(({ path }) => path)).toEqual(['/n', '/n'])
    const optional = compared(tree({}), tree({ n: Type.Optional(Type.Integer()) }))
    expect(optional.verdict).toBe('minor')
  })

  test('are the same type where one is written out one turn further', () => {
    const longer = { kind: 'record', name: 'Tree', fields: [] as unknown[] }
    const shape = shapeOf(tree({}), 'Body') as RecordShape
    const kids = shape.fields[0] as FieldShape
    longer.fields.push({ ...kids, shape: { kind: 'list', items: shape } })
    expect(faultsBetween(shape, longer as unknown as Shape)).toEqual([])
    expect(isSameType(shape, longer as unknown as Shape)).toBe(true)
    expect(isSameType(shape, shapeOf(tree({ n: text }), 'Body'))).toBe(false)
  })

  test('against a type that ends: messages may be deeper than it', () => {
    const kids = Type.Optional(Type.Array(Type.Ref('Tree')))
    const loose = (more: object): TSchema =>
      Type.Cyclic({ Tree: Type.Object({ kids, ...more }) }, 'Tree')
    const flat = Type.Object(
      { kids: Type.Optional(Type.Array(Type.Object({}, { name: 'Tree' }))) },
      { name: 'Tree' },
    )
    expect(compared(loose({}), flat).verdict).toBe('minor')
    expect(compared(flat, loose({})).verdict).toBe('minor')
    expect(compared(flat, loose({ n: Type.Integer() })).verdict).toBe('major')
  })
})

describe('what one format alone sees', () => {
  test('fixed and bytes, another length, a branch that is bare no more', () => {
    const fixed = (length: number): TSchema => Bytes({ length, name: 'F' })
    expect(field(fixed(4), fixed(8)).verdict).toBe('major')
    const loose = field(fixed(4), Bytes())
    expect(loose.verdict).toBe('major')
    expect(loose.changes.every(({ codec }) => codec === 'avro' || codec === 'all')).toBe(true)
    const union = (options: { bare?: true }): TSchema =>
      Type.Union([Type.Object({ kind: Type.Literal('n'), value: Type.Integer() }, options)], {
        discriminator: { propertyName: 'kind' },
      })
    const { verdict, changes } = field(union({ bare: true }), union({}))
    expect(verdict).toBe('major')
    expect(changes.map(({ codec }) => codec)).toEqual(['avro'])
  })

  test('zeros that are always written, lists that are not packed', () => {
    const always = field(Type.Integer(), Type.Integer({ always: true }))
    expect(always).toMatchObject({ verdict: 'major', changes: [{ codec: 'protobuf' }, {}] })
    const packed = field(Type.Array(text), Type.Array(text, { packed: false }))
    expect(packed.verdict).toBe('minor')
  })
})

test('a union that Avro cannot tell apart is refused when Avro is promised', () => {
  const twice = Type.Object({
    x: Type.Union([
      Type.Object({ kind: Type.Literal('a'), value: Type.Integer() }, { bare: true }),
      Type.Object({ kind: Type.Literal('b'), value: Type.BigInt() }, { bare: true }),
    ]),
  })
  const error = thrownBy(() => contract('a.b', '1.0.0', { x: event(twice) }))
  expect(error).toMatchObject({ code: 'EARSHOT_SHAPE_UNSUPPORTED', path: '/x' })
  expect(error?.data).toMatchObject({ codecs: ['avro'] })
  expect(error?.message).toContain('codecs: ["json", "msgpack", "protobuf"]')
  const narrowed = event(twice, { codecs: ['json', 'msgpack', 'protobuf'] })
  expect(contract('a.b', '1.0.0', { x: narrowed }).channels).toHaveLength(1)
})
