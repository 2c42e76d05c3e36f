// Owns values that fit a shape, made by chance: what a mock answers when nobody says what.
// Never a value that the shape refuses: each is held to it before it is used.

import { EarshotError } from '../base/errors.ts'
import { findFault } from '../contract/check.ts'
import { linked, targetOf } from '../contract/link.ts'
import type { FieldShape, IntShape, RecordShape, Shape, StringShape } from '../contract/shape.ts'
import type { Chance } from './chance.ts'
import { textFor } from './pattern-text.ts'

/** Types that contain themselves end after so many turns. */
const TURNS = 2
const TRIES = 20
/** Numbers without bounds stay readable. */
const USUAL = 1_000
const WORDS = ['ash', 'birch', 'cedar', 'elm', 'fir', 'hazel', 'maple', 'oak', 'pine', 'yew']

/**
 * A value that fits; the same row of values for the same chance.
 * @throws EARSHOT_OPTION_INVALID with the path, where none is found: a pattern, as a rule
 */
export function createValue(shape: Shape, chance: Chance, what: string): unknown {
  const whole = linked(shape)
  for (let tries = 1; ; tries++) {
    const value = valueFor(whole, chance, TURNS)
    const fault = findFault(whole, value)
    if (!fault) return value
    if (tries < TRIES) continue
    const text = `no value for ${what} is found by chance (${fault.path}: ${fault.expected})`
    const hint = 'give its handler in `answers`'
    throw new EarshotError('EARSHOT_OPTION_INVALID', `${text}: ${hint}`, { path: fault.path })
  }
}

function valueFor(shape: Shape, chance: Chance, turns: number): unknown {
  switch (shape.kind) {
    case 'bool':
      return chance.is(0.5)
    case 'int':
      return intOf(shape, chance)
    case 'float': {
      const { minimum = -USUAL, maximum = Math.max(minimum, 0) + USUAL } = shape
      const value = Math.round((minimum + chance.next() * (maximum - minimum)) * 100) / 100
      const within = Math.min(maximum, Math.max(minimum, value))
      return shape.bits === 32 ? Math.fround(within) : within
    }
    case 'string':
      return stringOf(shape, chance)
    case 'bytes': {
      const length = shape.length ?? chance.int(0, Math.min(8, shape.maxLength ?? 8))
      return Uint8Array.from({ length }, () => chance.int(0, 255))
    }
    case 'decimal': {
      const whole = '9'.repeat(Math.min(3, shape.precision - shape.scale))
      const before = String(chance.int(0, Number(whole)))
      const after = Array.from({ length: shape.scale }, () => chance.int(0, 9)).join('')
      return shape.scale === 0 ? before : `${before}.${after}`
    }
    case 'enum':
      return chance.pick(shape.symbols)
    case 'any':
      return { by: chance.pick(WORDS), n: chance.int(0, USUAL) }
    default:
      return nestedOf(shape, chance, turns)
  }
}

function nestedOf(
  shape: Extract<Shape, { kind: 'list' | 'map' | 'record' | 'union' | 'ref' }>,
  chance: Chance,
  turns: number,
): unknown {
  switch (shape.kind) {
    case 'ref':
      return valueFor(targetOf(shape), chance, turns - 1)
    case 'list': {
      const least = shape.minItems ?? 0
      const most = Math.max(least, Math.min(shape.maxItems ?? 3, least + 3))
      const length = turns > 0 ? chance.int(Math.max(least, Math.min(1, most)), most) : least
      return Array.from({ length }, () => valueFor(shape.items, chance, turns))
    }
    case 'map': {
      const keys = WORDS.slice(0, turns > 0 ? chance.int(1, 3) : 0)
      return Object.fromEntries(keys.map((key) => [key, valueFor(shape.values, chance, turns)]))
    }
    case 'record':
      return recordOf(shape, chance, turns)
    case 'union': {
      const { literal, record } = chance.pick(shape.branches)
      return { [shape.discriminator]: literal, ...recordOf(record, chance, turns) }
    }
  }
}

function recordOf({ fields }: RecordShape, chance: Chance, turns: number): object {
  const given = fields.filter((field) => !isLeftOut(field, chance, turns))
  return Object.fromEntries(given.map(({ name, shape }) => [name, valueFor(shape, chance, turns)]))
}

/** Who reads the answer must be able to do without. */
function isLeftOut({ optional, nullable, fallback }: FieldShape, chance: Chance, turns: number) {
  const isLoose = optional || nullable || fallback !== undefined
  return isLoose && (turns <= 0 || chance.is(0.25))
}

function intOf({ bigint, minimum, maximum }: IntShape, chance: Chance): number | bigint {
  const least = minimum ?? Math.min(0, maximum ?? 0)
  const most = Math.min(maximum ?? Number.POSITIVE_INFINITY, least + USUAL)
  const value = chance.int(Math.ceil(least), Math.floor(most))
  return bigint ? BigInt(value) : value
}

function stringOf({ pattern, minLength = 0, maxLength }: StringShape, chance: Chance): string {
  if (pattern !== undefined) return textFor(pattern, chance)
  let text = chance.pick(WORDS)
  while (text.length < minLength) text += ` ${chance.pick(WORDS)}`
  return text.slice(0, Math.max(minLength, maxLength ?? text.length))
}
