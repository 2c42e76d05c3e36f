// Errors are told by code, across copies of the package; limits are refused by name.

import { EarshotError, errorTable, isEarshotError, limitTable } from 'earshot'
import { describe, expect, it } from 'vitest'
import { isEarshotError as isOurs, toEarshotError } from '../../src/base/errors.ts'
import { resolveLimits } from '../../src/base/limits.ts'

describe('an error', () => {
  it('takes what a row of the table says, unless the call knows better', () => {
    const error = new EarshotError('EARSHOT_TIMEOUT', 'late')
    expect(error).toMatchObject({ retryable: true, sent: 'unknown', path: undefined })
    const known = new EarshotError('EARSHOT_TIMEOUT', 'late', { sent: 'no', retryable: false })
    expect(known).toMatchObject({ retryable: false, sent: 'no' })
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'EARSHOT_TIMEOUT',
      message: 'late',
      retryable: true,
      sent: 'unknown',
    })
  })

  it('of another copy of the package is still one', () => {
    const error = new EarshotError('EARSHOT_CLOSED', 'x')
    expect(isEarshotError(error)).toBe(true)
    expect(isOurs(error)).toBe(true)
    expect(isEarshotError(new Error('EARSHOT_CLOSED'))).toBe(false)
    expect(isEarshotError(null)).toBe(false)
  })

  it('is made of whatever was thrown, with its cause', () => {
    const cause = new Error('inner')
    expect(toEarshotError(cause)).toMatchObject({
      code: 'EARSHOT_INTERNAL',
      message: 'inner',
      cause,
    })
    expect(toEarshotError('text').message).toBe('text')
  })

  it('has a row with a sentence for meaning and remedy, each', () => {
    for (const { meaning, remedy } of Object.values(errorTable)) {
      expect(meaning).toMatch(/^[A-Z].*\.$/)
      expect(remedy).toMatch(/^[A-Z].*[.)]$/)
    }
  })
})

describe('limits', () => {
  it('have a unit and a reason, and defaults that can be changed by name', () => {
    for (const { value, unit, why } of Object.values(limitTable)) {
      expect(value).toBeGreaterThan(0)
      expect(unit.length * why.length).toBeGreaterThan(0)
    }
    expect(resolveLimits({ maxPeers: 5 })).toMatchObject({ maxPeers: 5, heartbeatMs: 1_000 })
  })

  it.each([
    ['/limits/maxPears', { maxPears: 1 }],
    ['/limits/maxPeers', { maxPeers: 0 }],
    ['/limits/maxPeers', { maxPeers: 1.5 }],
    ['/limits/maxPeers', { maxPeers: '9' }],
    ['/limits/toString', { toString: 1 }],
  ])('that are wrong are refused at %s', (path, limits) => {
    expect(() => resolveLimits(limits as never)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID', path }),
    )
  })
})
