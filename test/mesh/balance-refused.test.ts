// What a client may not say of balance: each is refused where the client is made, with its path.

import { describe, expect, it } from 'vitest'
import { type Balance, resolveBalance } from '../../src/mesh/balance.ts'

describe('a balance that cannot be used', () => {
  it.each([
    [{ by: 'random' }, '/balance/by'],
    [{ key: 5 }, '/balance/key'],
    [{ zones: 'a' }, '/balance/zones'],
    [5, '/balance'],
    [null, '/balance'],
    [[], '/balance'],
    [{ weights: 5 }, '/balance/weights'],
    [{ weights: null }, '/balance/weights'],
    [{ weights: new Map([['x', 2]]) }, '/balance/weights'],
    [{ versions: null }, '/balance/versions'],
    [{ weights: { x: -1 } }, '/balance/weights/x'],
    [{ weights: { x: Number.NaN } }, '/balance/weights/x'],
    [{ weights: { x: 1_001 } }, '/balance/weights/x'],
    [{ versions: { '^1.2': 0 } }, '/balance/versions'],
    [{ versions: { '^1.2': 0.5 } }, '/balance/versions/^1.2'],
  ])('%j is refused with its path', (balance, path) => {
    const resolve = () => resolveBalance(balance as unknown as Balance, undefined, '', 1)
    expect(resolve).toThrowError(expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID', path }))
  })
})
