// Values made by chance fit the shape they are for, whatever it is, or are refused by name.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findFault } from '../../src/contract/check.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { createValue } from '../../src/testing/answers.ts'
import { createChance } from '../../src/testing/chance.ts'
import { textFor } from '../../src/testing/pattern-text.ts'
import { seed, shapes } from '../codec/arbitrary.ts'
import { thrownBy } from '../codec/thrown.ts'

describe('a value by chance', () => {
  it('fits every shape, also one that contains itself', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), (shape, of) => {
        const value = createValue(shape, createChance(of), 'test')
        expect(findFault(shape, value)).toBeUndefined()
      }),
      { seed, numRuns: 300 },
    )
  })

  it('is the same for the same seed, and another for another', () => {
    const shape: Shape = { kind: 'list', items: { kind: 'string' }, minItems: 8 }
    const value = (of: number) => createValue(shape, createChance(of), 'test')
    expect(value(3)).toEqual(value(3))
    expect(value(3)).not.toEqual(value(4))
  })

  it('keeps to bounds that leave little room', () => {
    const chance = createChance(1)
    const text: Shape = { kind: 'string', minLength: 40, maxLength: 40 }
    const least: Shape = { kind: 'int', bits: 64, bigint: true, minimum: 7, maximum: 7 }
    const below: Shape = { kind: 'float', bits: 32, minimum: -2, maximum: -1.5 }
    const many: Shape = { kind: 'list', items: { kind: 'bool' }, minItems: 5, maxItems: 5 }
    expect(createValue(text, chance, 'test')).toHaveLength(40)
    expect(createValue(least, chance, 'test')).toBe(7n)
    expect(createValue(below, chance, 'test')).toBeLessThanOrEqual(-1.5)
    expect(createValue(many, chance, 'test')).toHaveLength(5)
  })

  it.each([
    '^[A-Z]{3}-\\d{4,6}$',
    '^(red|green|blue)+$',
    '^\\+?[0-9 ]{6,12}$',
    '^[^@ ]+@[a-z]+\\.(?:org|net)$',
    '^[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$',
    'x*y.z?',
    '^[\\w-]{2}\\s[\\d.]{3}$',
  ])('matches the pattern %s', (pattern) => {
    const chance = createChance(9)
    const texts = Array.from({ length: 50 }, () => textFor(pattern, chance))
    for (const text of texts) expect(text).toMatch(new RegExp(pattern, 'u'))
    expect(new Set(texts).size).toBeGreaterThan(5)
  })

  it('is refused with its path where a pattern asks for too much', () => {
    const shape: Shape = {
      kind: 'record',
      name: 'R',
      fields: [
        {
          ...{ name: 'code', wireName: 'code', tag: 1, optional: false, nullable: false },
          shape: { kind: 'string', pattern: '^(?=.*never)(?!.*never)' },
        },
      ],
    }
    const error = thrownBy(() => createValue(shape, createChance(1), 'shop/1/place'))
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/code' })
    expect(error?.message).toMatch(/shop\/1\/place.*answers/)
  })
})
