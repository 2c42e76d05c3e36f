// Owns random shapes, also such as contain themselves. What fits them is in values.ts.
// Never random without a seed: EARSHOT_SEED repeats a run.

import fc from 'fast-check'
import { linked } from '../../src/contract/link.ts'
import type {
  FieldShape,
  NullField,
  RecordShape,
  Shape,
  UnionBranch,
  UnionShape,
} from '../../src/contract/shape.ts'

export const seed: number = Number(process.env.EARSHOT_SEED ?? Date.now() % 2_147_483_647)

const nameText = fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,9}$/)
// `constructor` is inherited by every object, `key`, `v` and `COUNT` are names in our own source.
const fieldName = fc.oneof(
  { weight: 6, arbitrary: nameText },
  fc.constantFrom('constructor', 'toString', 'key', 'v', 'b', 'p', 'COUNT', 'value', 'length'),
  fc.stringMatching(/^[a-z]{25,60}$/),
)

const uint32 = { minimum: 0, maximum: 4_294_967_295 }
/** Integers as .proto files have them. */
const protoInts: readonly Shape[] = [
  { kind: 'int', bits: 32, bigint: false, proto: 'int32' },
  { kind: 'int', bits: 64, bigint: false, proto: 'int64' },
  { kind: 'int', bits: 64, bigint: true, proto: 'int64' },
  { kind: 'int', bits: 64, bigint: false, ...uint32, proto: 'uint32' },
  { kind: 'int', bits: 64, bigint: true, minimum: 0, proto: 'uint64' },
  { kind: 'int', bits: 64, bigint: false, ...uint32, proto: 'fixed32' },
  { kind: 'int', bits: 32, bigint: false, proto: 'sfixed32' },
  { kind: 'int', bits: 64, bigint: true, minimum: 0, proto: 'fixed64' },
  { kind: 'int', bits: 64, bigint: false, proto: 'sfixed64' },
]

const intShape = fc.oneof(
  fc.constantFrom<Shape>(
    { kind: 'int', bits: 32, bigint: false },
    { kind: 'int', bits: 64, bigint: false },
    { kind: 'int', bits: 64, bigint: true },
    { kind: 'int', bits: 32, bigint: false, minimum: 0 },
    { kind: 'int', bits: 64, bigint: false, minimum: 0 },
    { kind: 'int', bits: 64, bigint: true, minimum: 0 },
    { kind: 'int', bits: 64, bigint: false, logical: 'timestamp-millis' },
    { kind: 'int', bits: 32, bigint: false, logical: 'date' },
    { kind: 'int', bits: 64, bigint: true, logical: 'local-timestamp-nanos' },
    { kind: 'int', bits: 32, bigint: false, minimum: 5, maximum: 300 },
    ...protoInts,
  ),
)

const scalar: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 3, arbitrary: intShape },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Shape>(
      { kind: 'bool' },
      { kind: 'float', bits: 64 },
      { kind: 'float', bits: 32 },
      { kind: 'float', bits: 64, minimum: -1000, maximum: 1000 },
      { kind: 'string' },
      { kind: 'string' },
      { kind: 'string', minLength: 1, maxLength: 12 },
      { kind: 'string', logical: 'uuid' },
      { kind: 'bytes' },
      { kind: 'bytes', logical: 'big-decimal' },
      { kind: 'bytes', length: 12, name: 'F', logical: 'duration' },
      { kind: 'bytes', maxLength: 8 },
      { kind: 'bytes', length: 5, name: 'F' },
      { kind: 'bytes', length: 40, name: 'F' },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Shape>(
      { kind: 'decimal', precision: 10, scale: 2 },
      { kind: 'decimal', precision: 1, scale: 0 },
      { kind: 'decimal', precision: 4, scale: 4 },
      { kind: 'decimal', precision: 15, scale: 3 },
      { kind: 'decimal', precision: 60, scale: 20 },
      { kind: 'decimal', precision: 9, scale: 2, length: 4, name: 'F' },
      { kind: 'decimal', precision: 20, scale: 5, length: 40, name: 'F' },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uniqueArray(nameText, { minLength: 1, maxLength: 5 }).map(
      (symbols): Shape => ({
        kind: 'enum',
        name: 'E',
        symbols,
        numbers: symbols.map((_, index) => index * 100 + 1),
      }),
    ),
  },
)

function recordOf(fields: fc.Arbitrary<FieldShape[]>): fc.Arbitrary<RecordShape> {
  return fc.tuple(fields, fc.nat(7)).map(([list, way]) => {
    const record: RecordShape = { kind: 'record', name: 'R', fields: list }
    return way === 0 ? { ...record, nulls: [nothing(list)] } : record
  })
}

/** A field of null alone: before all others where there is room, or behind them. */
function nothing(fields: readonly FieldShape[]): NullField {
  const [first, last] = [fields[0]?.tag ?? 1, fields.at(-1)?.tag ?? 0]
  const tag = first > 1 ? first - 1 : last + 11
  const name = 'nothing_at_all'
  return { name, wireName: name, tag: tag >= 19_000 && tag < 20_000 ? 20_011 : tag }
}

const looseKinds = ['optional', 'nullable', 'both', 'filled']

function fieldsOf(shape: fc.Arbitrary<Shape>, maxLength: number): fc.Arbitrary<FieldShape[]> {
  const entry = fc.record({
    name: fieldName,
    shape,
    absence: fc.constantFrom('', '', '', 'optional', 'nullable', 'both', 'fallback', 'filled'),
    gap: fc.constantFrom(1, 1, 1, 2, 20, 3000),
  })
  const unique = { selector: (one: { name: string }) => one.name, maxLength }
  return fc.uniqueArray(entry, unique).map((list) => {
    let tag = 0
    return list.map(({ name, shape: inner, absence: wanted, gap }) => {
      // Null is in such a union already.
      const absence = holdsNull(inner) ? '' : wanted
      tag += gap
      if (tag >= 19_000 && tag < 20_000) tag = 20_000
      const fallback = absence === 'fallback' || absence === 'filled' ? defaultOf(inner) : undefined
      return {
        name,
        wireName: name,
        tag,
        shape: inner,
        optional: absence === 'optional' || absence === 'both' || absence === 'filled',
        nullable: absence === 'nullable' || absence === 'both',
        ...(gap === 2 && looseKinds.includes(absence) ? { nullLast: true as const } : {}),
        ...(fallback === undefined ? {} : { fallback }),
        ...(absence === 'nullable' && gap === 2 ? missingOf(inner) : {}),
        ...(gap === 20 && absence === '' && inner.kind !== 'list' ? { always: true as const } : {}),
      }
    })
  })
}

/** Is one of its branches null in Avro? */
export function holdsNull(shape: Shape): boolean {
  if (shape.kind !== 'union') return false
  return shape.branches.some(({ bare, record }) => bare && record.fields.length === 0)
}

function missingOf(shape: Shape): { missing?: unknown } {
  const missing = defaultOf(shape)
  return missing === undefined ? {} : { missing }
}

/** A default in JSON form, for shapes where one is easily told. */
function defaultOf(shape: Shape): unknown {
  switch (shape.kind) {
    case 'bool':
      return true
    case 'int':
      return shape.bigint ? '77' : 77
    case 'float':
      return 2.5
    case 'string':
      return 'given'
    case 'decimal':
      return `0${shape.scale === 0 ? '' : `.${'5'.repeat(shape.scale)}`}`
    case 'enum':
      return shape.symbols[0]
    case 'list':
      return []
    case 'map':
      return {}
    default:
      return undefined
  }
}

const tree = fc.letrec<{ shape: Shape; record: RecordShape; union: UnionShape }>((tie) => ({
  record: recordOf(fieldsOf(tie('shape'), 6)),
  union: fc
    .tuple(
      fc.uniqueArray(nameText, { minLength: 1, maxLength: 3 }),
      fc.array(tie('record'), { minLength: 3, maxLength: 3 }),
      fc.array(tie('shape'), { minLength: 3, maxLength: 3 }),
      fc.constantFrom('records', 'records', 'mixed', 'mixed with null'),
    )
    .map(([literals, records, values, way]): UnionShape => {
      const kinds = new Set<string>()
      const branches = literals.map((literal, index): UnionBranch => {
        const record = records[index] as RecordShape
        const box = way === 'records' ? undefined : boxOf(values[index] as Shape, kinds)
        if (box) return { literal, tag: index + 1, record: box, bare: true }
        if (index === 1 && way === 'mixed with null') {
          return { literal, tag: 2, record: { kind: 'record', name: 'R', fields: [] }, bare: true }
        }
        const fields = record.fields.filter((field) => field.name !== 'kind')
        return { literal, tag: index + 1, record: { ...record, fields } }
      })
      return { kind: 'union', name: 'U', discriminator: 'kind', branches }
    }),
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('record'),
    tie('shape').map((items): Shape => ({ kind: 'list', items })),
    scalar.map((items): Shape => ({ kind: 'list', items, maxItems: 4 })),
    scalar.map((items): Shape => ({ kind: 'list', items, packed: false })),
    tie('shape').map((values): Shape => ({ kind: 'map', values })),
    tie('union'),
  ),
}))

/** Types that Avro takes for one, or that an oracle does. */
const avroKinds: Partial<Record<Shape['kind'], string>> = {
  int: 'number',
  float: 'number',
  decimal: 'bytes',
}

/** The record of a bare branch; undefined for what Avro could not tell from another branch. */
function boxOf(shape: Shape, kinds: Set<string>): RecordShape | undefined {
  const kind = avroKinds[shape.kind] ?? shape.kind
  if (kinds.has(kind) || kind === 'union' || kind === 'record') return undefined
  kinds.add(kind)
  const base = { name: 'value', wireName: 'value', tag: 1, optional: false, nullable: false }
  return { kind: 'record', name: 'R', fields: [{ ...base, shape }] }
}

/** Mostly records, sometimes a body of another kind; type names are made unique. */
export const shapes: fc.Arbitrary<Shape> = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: tree.record }, { weight: 2, arbitrary: tree.shape }),
    fc.nat(),
    fc.nat(2),
  )
  .map(([shape, start, one]) => {
    const plain = named(shape, { count: 0 })
    return linked(one === 0 ? knotted(plain, [], randomFrom(start)) : plain)
  })

function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
}

/** The shape with records that contain what is around them, in each way that a value can end. */
function knotted(shape: Shape, around: readonly string[], random: (n: number) => number): Shape {
  switch (shape.kind) {
    case 'list':
      return { ...shape, items: knotted(shape.items, around, random) }
    case 'map':
      return { ...shape, values: knotted(shape.values, around, random) }
    case 'record':
      return knottedRecord(shape, around, random)
    case 'union': {
      const inner = holdsNull(shape) ? around : [...around, shape.name]
      const branches = shape.branches.map((branch) => ({
        ...branch,
        record: knottedRecord(branch.record, inner, random, branch.bare),
      }))
      return { ...shape, branches }
    }
    default:
      return shape
  }
}

function knottedRecord(
  shape: RecordShape,
  around: readonly string[],
  random: (n: number) => number,
  isBare = false,
): RecordShape {
  const inner = isBare ? around : [...around, shape.name]
  const fields = shape.fields.map((field) => ({
    ...field,
    shape: knotted(field.shape, inner, random),
  }))
  if (isBare || random(3) === 0) return { ...shape, fields }
  const ref: Shape = { kind: 'ref', name: inner[random(inner.length)] as string }
  const last = shape.fields.at(-1)?.tag ?? 0
  const tag = last >= 18_999 && last < 20_000 ? 20_000 : last + 1
  const base = { name: 'again', wireName: 'again', tag, optional: false, nullable: false }
  const choices: readonly FieldShape[] = [
    { ...base, shape: ref, optional: true },
    { ...base, shape: ref, nullable: true },
    { ...base, shape: ref, optional: true, nullLast: true },
    { ...base, shape: { kind: 'list', items: ref } },
    { ...base, shape: { kind: 'list', items: ref }, fallback: [] },
    { ...base, shape: { kind: 'list', items: ref }, optional: true },
    { ...base, shape: { kind: 'map', values: ref } },
    { ...base, shape: { kind: 'list', items: { kind: 'list', items: ref } } },
  ]
  const knot = choices[random(choices.length)] as FieldShape
  return { ...shape, fields: [...fields.filter(({ name }) => name !== 'again'), knot] }
}

function named(shape: Shape, counter: { count: number }): Shape {
  switch (shape.kind) {
    case 'enum':
      return { ...shape, name: `E${++counter.count}` }
    case 'bytes':
    case 'decimal':
      return shape.name === undefined ? shape : { ...shape, name: `F${++counter.count}` }
    case 'list':
      return { ...shape, items: named(shape.items, counter) }
    case 'map':
      return { ...shape, values: named(shape.values, counter) }
    case 'record':
      return namedRecord(shape, counter)
    case 'union': {
      const name = `U${++counter.count}`
      const branches = shape.branches.map((branch) => ({
        ...branch,
        record: namedRecord(branch.record, counter),
      }))
      return { ...shape, name, branches }
    }
    default:
      return shape
  }
}

function namedRecord(shape: RecordShape, counter: { count: number }): RecordShape {
  const name = `R${++counter.count}`
  const fields = shape.fields.map((field) => ({ ...field, shape: named(field.shape, counter) }))
  return { ...shape, name, fields }
}
