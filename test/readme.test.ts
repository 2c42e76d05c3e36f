// The README says what is true: its code is code that runs, its tables are the tables of the
// source.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { errorTable } from 'earshot'
import { describe, expect, it } from 'vitest'

const path = new URL('../README.md', import.meta.url)
const readme = readFileSync(path, 'utf8')

/** The text between two markers. With UPDATE=1 it is put there first. */
function section(open: string, close: string, wanted: string): string {
  const from = readme.indexOf(open) + open.length
  const to = readme.indexOf(close, from)
  expect(from).toBeGreaterThan(open.length)
  if (process.env.UPDATE === '1') {
    const now = readFileSync(path, 'utf8')
    const start = now.indexOf(open) + open.length
    writeFileSync(path, now.slice(0, start) + wanted + now.slice(now.indexOf(close, start)))
    return wanted
  }
  return readme.slice(from, to)
}

describe('the README', () => {
  it('shows code that stands in the examples, to the letter', () => {
    const markers = [...readme.matchAll(/<!-- region (\S+) (\S+) -->/g)]
    expect(markers.length).toBeGreaterThan(0)
    for (const [marker, file, region] of markers) {
      const source = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
      const start = source.indexOf(`// #region ${region}\n`)
      const code = source.slice(
        source.indexOf('\n', start) + 1,
        source.indexOf('// #endregion', start),
      )
      const wanted = `\n\`\`\`ts\n${code}\`\`\`\n`
      expect(section(marker, '<!-- /region -->', wanted)).toBe(wanted)
    }
  })

  it('shows code that runs', () => {
    const main = new URL('../dist/examples/hello/main.js', import.meta.url).pathname
    const out = execFileSync(process.execPath, [main], { encoding: 'utf8', timeout: 20_000 })
    expect(out.trim().split('\n').sort()).toEqual(['Ada was greeted', 'Hello, Ada'])
  })

  it('lists every error with its meaning and remedy', () => {
    const rows = Object.entries(errorTable).map(
      ([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |`,
    )
    const wanted = `\n| code | meaning | what to do |\n|---|---|---|\n${rows.join('\n')}\n`
    expect(section('<!-- errors -->', '<!-- /errors -->', wanted)).toBe(wanted)
  })
})
