// The examples of the styles of talking, run as a user does.

import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { example } from './program.ts'

/** What it prints, line by line. */
function linesOf(name: string): string[] {
  const [node = '', ...words] = example(name)
  const options = { encoding: 'utf8', timeout: 20_000 } as const
  return execFileSync(node, words, options).trim().split('\n')
}

describe('the example of', () => {
  it('ticks reads five of a stream without end, and the server hears of it', () => {
    const wanted = ['0 100.00', '1 100.84', '2 100.91', '3 100.14', '4 99.24']
    expect(linesOf('ticks')).toEqual([...wanted, 'nobody reads TEA any more'])
  })

  it('quotes finds the best price, and who gave none', () => {
    expect(linesOf('quotes')).toEqual([
      'market sells for 2.9',
      'asleep: late',
      'closed: EARSHOT_REMOTE',
      'cheap enough',
    ])
  })

  it('testing lets a service do without what it needs, in a world of its own', () => {
    const lines = linesOf('testing')
    expect(lines[0]).toBe('tea from shelf 3')
    expect(lines[1]).toMatch(/^11 reserved, although [1-9] failed$/)
    expect(lines[2]).toMatch(/^EARSHOT_REMOTE .* did not answer demo\.stock\/1\/reserve in 300 ms$/)
    expect(lines[3]).toBe('pot from shelf 3')
  })

  it('later fetches what took its time, by the record of its ticket', () => {
    expect(linesOf('later')).toEqual([
      'the table is taken',
      'the table has number 7',
      'the ark: NoWood, 4000 planks',
    ])
  })

  it('plain calls and serves by an interface, knowing nothing of Earshot', () => {
    expect(linesOf('plain')).toEqual(['2 of tea for ada', 'stock: 8', 'only 8 left'])
  })

  it('guarded gives its fallback while the breaker is open, and asks again later', () => {
    const lines = linesOf('guarded')
    expect(lines[0]).toBe('works: 3')
    expect(lines.filter((line) => line === 'hangs: 4')).toHaveLength(4)
    const open = lines.indexOf('the breaker is open')
    expect(lines.slice(open).filter((line) => !line.startsWith('hangs'))).toEqual([
      ...['the breaker is open', 'asked while it is open: 0', 'the breaker is half-open'],
      ...['the breaker is closed', 'works again: 3'],
    ])
  })

  it('talk goes both ways to the end', () => {
    const wanted = ['Good morning, guest', 'You said: tea', 'You said: two cups', 'Goodbye']
    expect(linesOf('talk')).toEqual(wanted)
  })
})
