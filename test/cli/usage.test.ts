// The command as a whole: help, version, wrong words, text that fits a terminal.

import { createRequire } from 'node:module'
import { afterAll, describe, expect, it } from 'vitest'
import { nearest } from '../../src/cli/nearest.ts'
import { tableLines } from '../../src/cli/table.ts'
import { jsonText, visible } from '../../src/cli/terminal.ts'
import { earshot, endAll } from './support.ts'

afterAll(endAll)

describe('earshot', () => {
  it('prints the version of the package', async () => {
    const { version } = createRequire(import.meta.url)('earshot/package.json')
    const { code, stdout } = await earshot(['--version'])
    expect(code).toBe(0)
    expect(stdout).toBe(`${version}\n`)
  })

  it('prints help with examples and exit codes', async () => {
    const { code, stdout } = await earshot(['--help'])
    expect(code).toBe(0)
    for (const word of ['Examples:', 'Exit codes:', 'EARSHOT_MESH', 'NO_COLOR', '3  nobody']) {
      expect(stdout).toContain(word)
    }
  })

  it.each([
    { words: [], said: 'which command?', next: 'earshot --help' },
    { words: ['pears'], said: "unknown command 'pears'", next: 'did you mean peers?' },
    { words: ['peers', '--jsn'], said: "unknown option '--jsn'", next: 'did you mean --json?' },
    { words: ['call'], said: "missing required argument 'channel'", next: 'earshot call --help' },
    { words: ['call', 'a b', '{}'], said: '"a b" is no name of a channel', next: 'shop.orders' },
    { words: ['call', 'x', '--codec', 'xml'], said: "argument 'xml' is invalid", next: 'call' },
    { words: ['call', 'x', '-H', 'y'], said: 'A header is name=value.', next: 'call' },
    { words: ['peers', '--wait', 'long'], said: 'A whole number is wanted.', next: 'peers' },
    { words: ['peers', '--mesh', 'm'.repeat(101)], said: 'EARSHOT_OPTION_INVALID', next: 'path' },
    { words: ['pub', 'x', '-', '-n', '2'], said: '--count goes with one body', next: 'leave out' },
  ])('ends with 2 and one sentence for $words', async ({ words, said, next }) => {
    const { code, stdout, stderr } = await earshot(words)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    const [first, second, ...rest] = stderr.split('\n')
    expect(first).toMatch(/^earshot: /)
    expect(first).toContain(said)
    expect(second).toMatch(/^next: /)
    expect(second).toContain(next)
    expect(rest).toEqual([''])
  })

  it('prints a wrong usage as JSON, too', async () => {
    const { code, stdout } = await earshot(['nope', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout).error).toMatchObject({ exitCode: 2 })
  })
})

describe('text for a terminal', () => {
  it('holds no character that a terminal obeys', () => {
    const nasty = 'a\u001b[2J\u0007\u009b1m\u007f\n\r\u202e\u2028b'
    expect(visible(nasty)).toMatch(/^[\x20-\x7e]+$/)
    expect(jsonText({ [nasty]: nasty })).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(jsonText({ [nasty]: nasty }, 2))).toEqual({ [nasty]: nasty })
  })

  it('fits the width: columns that may shrink are cut, the widest first', () => {
    const columns = [
      { title: 'NAME', shrinks: true },
      { title: 'N', right: true },
    ]
    const rows = [
      ['short', '1'],
      ['漢字'.repeat(20), '22'],
    ]
    const lines = tableLines(columns, rows, 20)
    expect(lines).toEqual([
      'NAME               N',
      'short              1',
      `${'漢字'.repeat(3)}漢…   22`,
    ])
  })
})

describe('the nearest name', () => {
  it('is the one with the fewest edits, and none when all are far', () => {
    expect(nearest('plaec', ['cancel', 'place', 'placed'])).toBe('place')
    expect(nearest('PLACED', ['place', 'placed'])).toBe('placed')
    expect(nearest('weather', ['place', 'placed'])).toBeUndefined()
  })
})
