// `npm run bench:codecs -- --quick` as a user runs it. Its times are never compared with anything.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Figure, figureOf } from 'earshot/report'
import { XMLValidator } from 'fast-xml-parser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gainOf, type Results } from '../../bench/codecs/results.ts'
import { shapeNames } from '../../bench/codecs/shape-names.ts'
import { subjects } from '../../bench/codecs/subjects.ts'
import { terminalReport } from '../../bench/codecs/terminal.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../../dist/bench/codecs/main.js')
// On an idle machine 20 s; the limit is for one that builds and tests beside it.
const withinMs = 180_000

let folder = ''
let printed: Results
let progress = ''
let markdown = ''
let html = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-bench-test-'))
  const args = [main, '--quick', '--json', '--out', folder]
  const { stdout, stderr } = await run(process.execPath, args, { maxBuffer: 1 << 24 })
  printed = JSON.parse(stdout) as Results
  progress = stderr
  markdown = await readFile(join(folder, 'codecs.md'), 'utf8')
  html = await readFile(join(folder, 'codecs.html'), 'utf8')
}, withinMs)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the codec comparison', () => {
  it('prints with --json what it writes, and progress on stderr alone', async () => {
    expect(JSON.parse(await readFile(join(folder, 'codecs.json'), 'utf8'))).toEqual(printed)
    expect(progress).toMatch(/\d+\/\d+ {2}\d+ s {2}Earshot Avro/)
  })

  it('has figures above zero for every codec and shape', () => {
    expect(printed.cells).toHaveLength(subjects.length * shapeNames.length)
    for (const cell of printed.cells) {
      const { subject, shape, sizes } = cell
      const times = [cell.encodeNs, cell.encodeP99Ns, cell.decodeNs, cell.decodeP99Ns]
      const mixed = [cell.mixedEncodeNs, cell.mixedDecodeNs]
      const all = [...Object.values(sizes), ...[...times, ...mixed].map(({ median }) => median)]
      for (const value of all) expect(value, `${subject} ${shape}`).toBeGreaterThan(0.5)
      for (const value of all) expect(value, `${subject} ${shape}`).toBeLessThan(1e9)
    }
  })

  it('counts what an encode leaves on the heap: nothing in the binary codecs of Earshot', () => {
    for (const { subject, shape, encodeAllocatedBytes: left } of printed.cells) {
      if (subject === 'json-native') expect(left, shape).toBeGreaterThan(16)
      const isBinary = /^earshot-(avro|protobuf|msgpack)$/.test(subject)
      // An order has several sets of fields, and V8 boxes numbers that it reads from them.
      if (isBinary && shape !== 'order') expect(left, `${subject} ${shape}`).toBeLessThan(1)
    }
  })

  it('has a round trip for the codecs of Earshot and for XML, and for no library', () => {
    for (const { subject, roundTripP50Us: p50, roundTripP99Us: p99 } of printed.cells) {
      const { family } = subjects.find(({ id }) => id === subject) ?? {}
      expect(p50 === null, subject).toBe(family === 'library')
      if (p50 && p99) expect(p99.median).toBeGreaterThanOrEqual(p50.median)
    }
  })

  it('says on which machine, with which versions and how', () => {
    const { machine, method, caveats } = printed
    expect(machine.cores).toBeGreaterThan(0)
    expect(machine.node).toBe(process.version)
    expect(Object.values(machine.packages).every((version) => /^\d+\./.test(version))).toBe(true)
    for (const text of [markdown, html, terminalReport(printed)]) {
      for (const part of [machine.cpu, 'Method', 'Caveats', machine.packages.zeromq as string]) {
        expect(text.replaceAll('&quot;', '"')).toContain(part)
      }
    }
    expect(method.length).toBeGreaterThan(5)
    expect(caveats[0]).toContain('quick')
  })

  it('fits the terminal: at most 100 columns', () => {
    for (const line of terminalReport(printed).split('\n')) {
      expect([...line].length, line).toBeLessThanOrEqual(100)
    }
  })
})

describe('the page', () => {
  it('loads nothing: no address, no script, no style sheet, no image', () => {
    expect(html).not.toMatch(/https?:|\/\/[a-z]|<script|<link|<img|<iframe|url\(|@import/i)
    expect(html).toContain("default-src 'none'")
  })

  it('has a chart and tables with every codec for each question and shape', () => {
    const charts = html.match(/<svg[\s\S]*?<\/svg>/g) ?? []
    expect(charts).toHaveLength(shapeNames.length * 3)
    for (const chart of charts) {
      expect(XMLValidator.validate(chart)).toBe(true)
      expect(chart).not.toContain('NaN')
      for (const { title } of subjects.filter(({ family }) => family !== 'library')) {
        expect(chart).toContain(`>${title}</text>`)
      }
    }
    const rows = (title: string) => html.split(`<th scope="row">${title}</th>`).length - 1
    for (const { title, family } of subjects) {
      const glance = { earshot: 6, library: 3, xml: 4 }[family]
      expect(rows(title), title).toBe(glance + 5 * (family === 'library' ? 3 : 4))
    }
  })

  it('closes what it opens', () => {
    const body = html.replace('<!doctype html>', '').replaceAll(/<meta [^>]*>/g, '')
    expect(XMLValidator.validate(body)).toBe(true)
  })
})

describe('the Markdown', () => {
  it('has as many cells in a row as its table has columns', () => {
    const tables = markdown.split('\n\n').filter((part) => part.startsWith('|'))
    expect(tables).toHaveLength(6 + shapeNames.length * 4)
    for (const table of tables) {
      const lines = table.trim().split('\n')
      const counts = new Set(lines.map((line) => line.split(/(?<!\\)\|/).length))
      expect(counts.size, table).toBe(1)
      expect(lines.length).toBeGreaterThanOrEqual(6)
    }
  })
})

describe('a comparison of two figures', () => {
  const figure = (...runs: number[]): Figure => figureOf(runs)

  it('says faster or slower only when no process of one is among those of the other', () => {
    expect(gainOf(figure(200, 210, 220), figure(90, 100, 110))).toEqual({
      ratio: 2.1,
      verdict: 'faster',
    })
    expect(gainOf(figure(90, 100, 110), figure(200, 210, 220)).verdict).toBe('slower')
    expect(gainOf(figure(95, 210, 220), figure(90, 100, 110)).verdict).toBe('same')
    expect(gainOf(figure(110, 111, 112), figure(100, 101, 102)).verdict).toBe('same')
  })

  it('is not made of nothing, zero or what is no number', () => {
    expect(() => figure()).toThrow()
    expect(() => figure(1, 0)).toThrow()
    expect(() => figure(1, Number.NaN)).toThrow()
  })

  it('takes the mean of the middle two for an even number of processes', () => {
    expect(figure(4, 1, 3, 2)).toMatchObject({ median: 2.5, lowest: 1, highest: 4 })
  })
})

describe('a wrong option', () => {
  it('is told in one line, with an exit code', async () => {
    const failed = await run(process.execPath, [main, '--fast']).catch((error) => error)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toContain("'--fast'")
    expect(failed.stdout).toBe('')
  })
})
