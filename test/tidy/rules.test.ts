// Every rule can fail, says where, and lets pass what is right.

import { describe, expect, it } from 'vitest'
import { structureCases } from './cases-of-structure.ts'
import { writingCases } from './cases-of-writing.ts'
import { rooms } from './house.ts'
import { upwardArrows } from './layering.ts'
import { rules } from './rules.ts'
import type { File, Rule } from './source.ts'
import { errorRows, usedRows } from './tables.ts'

const cases = [...structureCases, ...writingCases]

const filesOf = (texts: Readonly<Record<string, string>>): File[] =>
  Object.entries(texts).map(([path, text]) => ({ path, text }))

const ruleCalled = (name: string): Rule => {
  const rule = rules.find((one) => one.name === name)
  if (!rule) throw new Error(`there is no rule "${name}": correct the case`)
  return rule
}

describe('a rule', () => {
  it.each(rules.map(({ name }) => name))('has a case that breaks it: %s', (name) => {
    expect(cases.filter(({ rule }) => rule === name)).toHaveLength(1)
  })

  it.each(cases)('reports each bad place and no other: $rule', ({ rule, bad, at }) => {
    const found = [...ruleCalled(rule).check(filesOf(bad))]
    expect(found.map(({ path, line }) => `${path}:${line}`)).toEqual(at)
    for (const { message } of found) expect(message.length).toBeGreaterThan(10)
  })

  it.each(cases)('lets good files pass: $rule', ({ rule, good }) => {
    expect([...ruleCalled(rule).check(filesOf(good))]).toEqual([])
  })
})

describe('the table of floors', () => {
  it('points down only', () => {
    expect([...upwardArrows(rooms)]).toEqual([])
  })

  it('is refused when a row points up or sideways', () => {
    const table = {
      base: { floor: 0, mayImport: ['wire'] },
      wire: { floor: 1, mayImport: ['base', 'security/keys.ts', 'type peer.ts'] },
      security: { floor: 1, mayImport: [] },
    }
    expect([...upwardArrows(table)]).toHaveLength(3)
  })
})

describe('the list of pending rows', () => {
  const files = filesOf({
    'src/base/error-table.ts': 'export const errorTable = { EARSHOT_A: {}, EARSHOT_B: {} }',
    'src/a.ts': "fail('EARSHOT_A')",
  })
  const check = (pending: readonly string[]) =>
    [...usedRows({ ...errorRows, pending }).check(files)].map(({ message }) => message)

  it('excuses a row that nothing uses yet', () => {
    expect(check(['EARSHOT_B'])).toEqual([])
  })

  it('is stale when a row of it is used by now, or is gone', () => {
    const stale = check(['EARSHOT_A', 'EARSHOT_B', 'EARSHOT_C'])
    expect(stale[0]).toContain('EARSHOT_A is used by now')
    expect(stale[1]).toContain('EARSHOT_C is no row')
    expect(stale).toHaveLength(2)
  })
})
