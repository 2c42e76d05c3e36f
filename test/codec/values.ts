// Owns random values that fit a shape, and what a value is after a round trip.
// Never random without a seed: fast-check is given one.

import fc from 'fast-check'
import { targetOf } from '../../src/contract/link.ts'
import type { DecimalShape, RecordShape, Shape, UnionBranch } from '../../src/contract/shape.ts'

const text = fc
  .oneof(
    { weight: 3, arbitrary: fc.string({ maxLength: 12 }) },
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.string({ minLength: 20, maxLength: 80 }),
    fc.constantFrom('', '"', '\\', '\u0000', '\ufffd', '😀', 'é'.repeat(31), 'x'.repeat(300)),
  )
  .filter((one) => !/\p{Surrogate}/u.test(one))

function intValue(shape: Shape & { kind: 'int' }): fc.Arbitrary<unknown> {
  if (shape.bigint) {
    const least = BigInt(shape.minimum ?? -(2 ** 63))
    const most = shape.maximum === undefined ? 2n ** 63n - 1n : BigInt(shape.maximum)
    return fc.oneof(
      fc.bigInt({ min: least, max: most }),
      fc.bigInt({ min: least < 0n ? -300n : 0n, max: most < 300n ? most : 300n }),
    )
  }
  const limit = shape.bits === 32 ? 2 ** 31 : 2 ** 53 - 1
  const min = shape.minimum ?? (shape.bits === 32 ? -limit : -limit)
  const max = shape.maximum ?? (shape.bits === 32 ? limit - 1 : limit)
  return fc.oneof(
    fc.maxSafeInteger().map((one) => Math.min(max, Math.max(min, one))),
    fc.integer({ min: Math.max(min, -300), max: Math.min(max, 300) }),
    fc.constantFrom(min, max),
  )
}

/** Digits after the point may be missing; zeros with a sign are values, too. */
function decimalText({ precision, scale }: DecimalShape): fc.Arbitrary<string> {
  const digits = (most: number): fc.Arbitrary<string> => {
    const unit = fc.constantFrom(...'0123456789')
    return fc.oneof(fc.string({ unit, maxLength: most }), fc.constant('9'.repeat(most)))
  }
  return fc
    .tuple(fc.constantFrom('', '-'), digits(precision - scale), digits(scale))
    .map(([sign, before, after]) => {
      return `${sign}${before.replace(/^0+/, '') || '0'}${after === '' ? '' : `.${after}`}`
    })
}

/** What a reader gets of decimal text. */
export function wholeDecimal({ scale }: DecimalShape, value: unknown): string {
  const [before, after = ''] = String(value).split('.')
  const text = scale === 0 ? `${before}` : `${before}.${after.padEnd(scale, '0')}`
  return /^-[0.]+$/.test(text) ? text.slice(1) : text
}

/**
 * A value that fits; `finite` leaves out NaN and the infinities. A list or map `inside` others has
 * fewer items: six of six of six would be more than `limits.maxItems` of them in all.
 */
export function valueFor(
  shape: Shape,
  finite: boolean,
  turns = 2,
  inside = 0,
): fc.Arbitrary<unknown> {
  const most = Math.min(6, Math.max(1, 8 - 2 * inside))
  switch (shape.kind) {
    case 'any':
      return fc.jsonValue()
    case 'bool':
      return fc.boolean()
    case 'int':
      return intValue(shape)
    case 'float': {
      const { minimum, maximum } = shape
      const min = minimum === undefined ? {} : { min: minimum }
      const bounds = maximum === undefined ? min : { ...min, max: maximum }
      const plain = minimum !== undefined || maximum !== undefined || finite
      const options = { noNaN: plain, noDefaultInfinity: plain, ...bounds } as fc.DoubleConstraints
      return shape.bits === 32 ? fc.float(options as fc.FloatConstraints) : fc.double(options)
    }
    case 'string':
      return shape.maxLength === undefined
        ? text.filter((one) => one.length >= (shape.minLength ?? 0))
        : fc.string({ minLength: shape.minLength ?? 0, maxLength: shape.maxLength })
    case 'bytes':
      return fc
        .uint8Array({
          minLength: shape.length ?? 0,
          maxLength: shape.length ?? shape.maxLength ?? 40,
        })
        .map((one) => new Uint8Array(one))
    case 'decimal':
      return decimalText(shape)
    case 'enum':
      return fc.constantFrom(...shape.symbols)
    case 'list':
      if (turns === 0 && endsIn(shape.items)) return fc.constant([])
      return fc.array(valueFor(shape.items, finite, turns, inside + 1), {
        minLength: shape.minItems ?? 0,
        maxLength: Math.max(
          shape.minItems ?? 0,
          endsIn(shape.items) && turns <= 1 ? 1 : Math.min(most, shape.maxItems ?? most),
        ),
      })
    case 'map': {
      const keys = text.filter((one) => one !== '__proto__')
      if (turns === 0 && endsIn(shape.values)) return fc.constant({})
      return fc.dictionary(keys, valueFor(shape.values, finite, turns, inside + 1), {
        maxKeys: Math.min(most, endsIn(shape.values) ? 2 : 5),
        noNullPrototype: true,
      })
    }
    case 'record':
      return recordValue(shape, finite, turns, inside)
    case 'ref':
      return valueFor(targetOf(shape), finite, turns - 1, inside)
    case 'union':
      return fc.oneof(
        ...shape.branches.map((branch) =>
          recordValue(branch.record, finite, turns, inside).map((rest) => ({
            [shape.discriminator]: branch.literal,
            ...rest,
          })),
        ),
      )
  }
}

/** Would another turn begin with a value of it? */
function endsIn(shape: Shape): boolean {
  return shape.kind === 'ref' || (shape.kind === 'list' && endsIn(shape.items))
}

function recordValue(
  record: RecordShape,
  finite: boolean,
  turns: number,
  inside: number,
): fc.Arbitrary<Record<string, unknown>> {
  const model: Record<string, fc.Arbitrary<unknown>> = {}
  for (const field of record.fields) {
    if (turns === 0 && field.shape.kind === 'ref') {
      model[field.name] = fc.constant(field.nullable ? null : undefined)
      continue
    }
    const value = valueFor(field.shape, finite, turns, inside)
    const choices = [{ weight: 3, arbitrary: value }]
    if (field.nullable) choices.push({ weight: 1, arbitrary: fc.constant<unknown>(null) })
    const isLoose = field.optional || field.fallback !== undefined
    if (isLoose) choices.push({ weight: 1, arbitrary: fc.constant<unknown>(undefined) })
    model[field.name] = fc.oneof(...choices)
  }
  return fc.record(model, { noNullPrototype: true }).map((value) => {
    // Half of what is absent is no property at all.
    const kept = Object.entries(value).filter(([key, one]) => one !== undefined || key.length % 2)
    return Object.fromEntries(kept)
  })
}

/** What a decoder must return for a value that was encoded. */
export function expected(shape: Shape, value: unknown, codec: string): unknown {
  switch (shape.kind) {
    case 'ref':
      return expected(targetOf(shape), value, codec)
    case 'int':
      return shape.bigint ? value : (value as number) + 0
    case 'float': {
      const kept = shape.bits === 32 ? Math.fround(value as number) : (value as number)
      return codec === 'json' ? kept + 0 : kept
    }
    case 'decimal':
      return wholeDecimal(shape, value)
    case 'list':
      return (value as unknown[]).map((item) => expected(shape.items, item, codec))
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([k, one]) => [k, expected(shape.values, one, codec)]),
      )
    case 'record':
      return expectedRecord(shape, value, codec)
    case 'union': {
      const literal = (value as Record<string, unknown>)[shape.discriminator]
      const branch = shape.branches.find((one) => one.literal === literal) as UnionBranch
      return { [shape.discriminator]: literal, ...expectedRecord(branch.record, value, codec) }
    }
    default:
      return value
  }
}

function expectedRecord(shape: RecordShape, value: unknown, codec: string): object {
  const made: Record<string, unknown> = {}
  for (const field of shape.fields) {
    const has = Object.hasOwn(value as object, field.name)
    const item = has ? (value as Record<string, unknown>)[field.name] : undefined
    if (item !== undefined && item !== null) made[field.name] = expected(field.shape, item, codec)
    else if (field.fallback !== undefined) {
      const { shape: inner, fallback } = field
      made[field.name] =
        inner.kind === 'int' && inner.bigint ? BigInt(fallback as string) : fallback
    } else if (field.nullable && !field.optional) made[field.name] = null
  }
  return made
}
