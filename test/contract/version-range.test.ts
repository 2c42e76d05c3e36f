// Ranges of versions mean what they mean to npm; the semantics were taken from its table.

import { describe, expect, it } from 'vitest'
import { parseVersionRange } from '../../src/contract/version-range.ts'

const versions = ['1.0.0', '1.2.0', '1.2.3', '1.2.4', '1.3.0', '1.9.9', '2.0.0', '0.2.3', '0.3.0']

describe('a range', () => {
  it.each([
    ['^1.2', '1.2.0 1.2.3 1.2.4 1.3.0 1.9.9'],
    ['^1.2.3', '1.2.3 1.2.4 1.3.0 1.9.9'],
    ['~1.2.3', '1.2.3 1.2.4'],
    ['~1.2', '1.2.0 1.2.3 1.2.4'],
    ['~1', '1.0.0 1.2.0 1.2.3 1.2.4 1.3.0 1.9.9'],
    ['1.2.3', '1.2.3'],
    ['=1.2.3', '1.2.3'],
    ['1.2', '1.2.0 1.2.3 1.2.4'],
    ['1.2.x', '1.2.0 1.2.3 1.2.4'],
    ['1.x', '1.0.0 1.2.0 1.2.3 1.2.4 1.3.0 1.9.9'],
    ['>=1.3', '1.3.0 1.9.9 2.0.0'],
    ['>1.2', '1.3.0 1.9.9 2.0.0'],
    ['>1.2.3', '1.2.4 1.3.0 1.9.9 2.0.0'],
    ['<=1.2', '1.0.0 1.2.0 1.2.3 1.2.4 0.2.3 0.3.0'],
    ['<1.2.3', '1.0.0 1.2.0 0.2.3 0.3.0'],
    ['>=1.2.3 <1.3', '1.2.3 1.2.4'],
    ['>= 1.2.3 < 1.3', '1.2.3 1.2.4'],
    ['1.2.3 || 1.9.9', '1.2.3 1.9.9'],
    ['~1.2.4||^1.9', '1.2.4 1.9.9'],
    ['*', versions.join(' ')],
  ])('%s has %s', (text, included) => {
    const { includes } = parseVersionRange(text, 1)
    expect(versions.filter(includes).sort()).toEqual(included.split(' ').sort())
  })

  it.each([
    ['^0.2.3', '0.2.3'],
    ['^0.2', '0.2.3'],
    ['^0', '0.2.3 0.3.0'],
    ['>=0.2.3', '0.2.3 0.3.0 1.0.0 1.2.0 1.2.3 1.2.4 1.3.0 1.9.9 2.0.0'],
  ])('%s before the first major has %s', (text, included) => {
    const { includes } = parseVersionRange(text, 0)
    expect(versions.filter(includes).sort()).toEqual(included.split(' ').sort())
  })

  it.each([
    ...['', ' ', 'one', '^', '1.2.3.4', '1.2.3-beta', '^1.2 ||', '|| 1', '>=', '1..2', '-1'],
    ...['1.2 and 1.3', `${'1.2.3 || '.repeat(40)}1`, '9999999999.0.0', 7, null, {}],
    // None of major 1, which is what the contract of the caller is.
    ...['^2.0', '<1', '>=2', '0.x', '>1.3 <1.2', '>*'],
  ])('%j is refused', (text) => {
    expect(() => parseVersionRange(text, 1)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID', path: '/version' }),
    )
  })
})
