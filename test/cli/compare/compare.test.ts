// `earshot codecs --sample` as a user runs it. Its times are never compared with anything.

import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { XMLValidator } from 'fast-xml-parser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Comparison, SubjectFigures } from '../../../src/cli/compare/comparison.ts'
import { type Ended, earshot, endAll, Running, randomMesh, startShop } from '../support.ts'

const root = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'earshot-compare-test-'))
const file = (name: string): string => join(folder, name)
const save = (name: string, rows: readonly unknown[]): string => {
  writeFileSync(file(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return file(name)
}

mkdirSync(file('node_modules'))
symlinkSync(root, file('node_modules/earshot'))
symlinkSync(join(root, 'node_modules/typebox'), file('node_modules/typebox'))
writeFileSync(file('package.json'), '{ "type": "module" }')
writeFileSync(
  file('shop.js'),
  `import { contract, event, request } from 'earshot'
import { Type } from 'typebox'
const Order = Type.Object({ id: Type.Integer(), sku: Type.String() })
export const Shop = contract('test.shop', '1.0.0', {
  place: request(Order, Type.Object({ ok: Type.Boolean() })),
  plain: event(Order, { codecs: ['json', 'msgpack'] }),
})
`,
)
const order = (id: number) => ({
  id,
  sku: `SKU-${id}`,
  tags: ['a', 'b'],
  note: id % 2 ? 'x' : null,
})
const orders = save(
  'orders.ndjson',
  Array.from({ length: 200 }, (_, id) => order(id)),
)

afterAll(async () => {
  await endAll()
  rmSync(folder, { recursive: true, force: true })
})

const fits = (text: string) => {
  for (const line of text.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80)
}

describe('earshot codecs --sample, without a contract', () => {
  let ended: Ended
  let page = ''
  let types = ''
  beforeAll(async () => {
    const out = ['--html', file('page.html'), '--types', file('sample.ts')]
    ended = await earshot(['codecs', '--sample', orders, '--quick', ...out])
    page = readFileSync(file('page.html'), 'utf8')
    types = readFileSync(file('sample.ts'), 'utf8')
  }, 120_000)

  it('prints type, sizes, times, latency and links in 80 columns, with progress aside', () => {
    expect(ended.stderr).toContain('Avro: encode, decode, round trips')
    expect(ended.code).toBe(0)
    for (const part of ['note: Type.Union([Type.String(), Type.Null()])', 'Smallest: ']) {
      expect(ended.stdout).toContain(part)
    }
    for (const title of ['JSON', 'MessagePack', 'Avro', 'Protobuf', 'CBOR', 'XML']) {
      expect(ended.stdout.match(new RegExp(`^${title} +[\\d,.]+`, 'gm'))).toHaveLength(4)
    }
    fits(ended.stdout)
  })

  it('writes a page that loads nothing, with a chart for each question', () => {
    expect(page).not.toMatch(/https?:|\/\/[a-z]|<script|<link|<img|url\(|@import/i)
    const charts = page.match(/<svg[\s\S]*?<\/svg>/g) ?? []
    expect(charts).toHaveLength(4)
    for (const chart of charts) {
      expect(XMLValidator.validate(chart)).toBe(true)
      expect(chart).not.toContain('NaN')
    }
  })

  it('writes the type as a module that a contract takes', () => {
    writeFileSync(
      file('use.ts'),
      `${types}
import { contract, event } from 'earshot'
export const Made = contract('test.made', '1.0.0', { row: event(Sample) })
`,
    )
    symlinkSync(join(root, 'node_modules/@types'), file('node_modules/@types'))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const flags = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--skipLibCheck']
    execFileSync(process.execPath, [tsc, ...flags, 'use.ts'], { cwd: folder })
    const test = `import { Made } from './use.js'; console.log(Made.row.shape.fields.length)`
    const words = ['--input-type=module', '-e', test]
    expect(execFileSync(process.execPath, words, { cwd: folder, encoding: 'utf8' })).toBe('4\n')
  }, 60_000)
})

describe('earshot codecs --sample --json', () => {
  it('gives every figure, and break-even figures that follow from them', async () => {
    const { code, stdout } = await earshot(['codecs', '--sample', orders, '--quick', '--json'])
    expect(code).toBe(0)
    const found = JSON.parse(stdout) as Comparison
    expect(found).toMatchObject({ rows: 200, cut: null, linkMbits: [10, 100, 1_000, 10_000] })
    const byId = Object.fromEntries(found.subjects.map((one) => [one.id, one as SubjectFigures]))
    const json = Array.from({ length: 200 }, (_, id) => JSON.stringify(order(id)).length)
    const mean = json.reduce((sum, one) => sum + one, 0) / 200
    expect(byId.json?.sizes.bytes).toBeCloseTo(mean, 6)
    expect(byId.json?.sizes.inBatch).toBe(64)
    const cost = ({ encode, decode }: SubjectFigures) => encode.medianNs + decode.medianNs
    const ours = found.subjects.filter(({ family }) => family === 'earshot') as SubjectFigures[]
    const quick = ours.reduce((best, one) => (cost(one) < cost(best) ? one : best))
    for (const one of found.subjects as SubjectFigures[]) {
      expect(one.latency.transport).toBe('tcp')
      expect(one.latency.p50Us).toBeGreaterThan(5)
      expect(one.sizes.batchBytes).toBeGreaterThan(one.sizes.batchGzipBytes)
      const link = (one.sizes.bytes * 8 * 1_000) / 10
      expect(one.overLinksNs[0]).toBeCloseTo(cost(one) + link, 3)
      const saved = (quick.sizes.bytes - one.sizes.bytes) * 8_000
      const lost = cost(one) - cost(quick)
      if (saved > 0 && lost > 0) expect(one.breakEvenMbit).toBeCloseTo(saved / lost, 3)
      else expect(one.breakEvenMbit).toBeNull()
    }
    expect(found.choices.at(-1)?.id).toBe(quick.id)
  }, 120_000)
})

describe('earshot codecs --sample with a contract', () => {
  it('takes the type of the channel, and its codecs alone', async () => {
    const rows = save('rows.ndjson', [
      { id: 1, sku: 'x', extra: 1 },
      { id: 2, sku: 'y' },
    ])
    const words = ['codecs', 'plain', '--sample', rows, '--contract', file('shop.js'), '--quick']
    const { code, stdout } = await earshot([...words, '--markdown'])
    expect(code).toBe(0)
    expect(stdout).toContain('messages of test.shop/plain')
    expect(stdout).toContain('/extra not in the contract, first in line 1')
    expect(stdout).toMatch(/^\| MessagePack \|/m)
    expect(stdout).not.toContain('Avro')
  }, 120_000)

  it('asks a running peer for the type of a channel', async () => {
    const mesh = randomMesh()
    await startShop({ name: 'orders', mesh, does: ['serve'] })
    const rows = save('shop.ndjson', [{ sku: 'x', n: 'many' }])
    const inMesh = ['--mesh', mesh, '--wait', '4000']
    const { code, stderr } = await earshot(['codecs', 'place', '--sample', rows, ...inMesh])
    expect(code).toBe(1)
    expect(stderr).toMatch(/line 1 of \S+shop.ndjson does not fit shop.orders\/place/)
    expect(stderr).toContain('/n')
  }, 60_000)

  it('names line and path of a row that does not fit, or the channels to choose from', async () => {
    const rows = save('wrong.ndjson', [
      { id: 1, sku: 'x' },
      { id: 'two', sku: 'y' },
    ])
    const words = ['codecs', '--sample', rows, '--contract', file('shop.js'), '--json']
    const [unclear, wrong] = await Promise.all([
      earshot(words),
      earshot([...words, 'test.shop/place']),
    ])
    expect(unclear.code).toBe(2)
    expect(unclear.stderr).toContain('test.shop/place, test.shop/plain')
    expect(wrong.code).toBe(1)
    const { error } = JSON.parse(wrong.stdout)
    expect(error).toMatchObject({ code: 'EARSHOT_BODY_INVALID', line: 2, path: '/id' })
  }, 60_000)
})

describe('a sample that cannot be used', () => {
  const failed = async (text: string | Buffer, ...words: string[]) => {
    const path = file('bad.ndjson')
    writeFileSync(path, text)
    return await earshot(['codecs', '--sample', path, ...words])
  }

  it('is told with the number of the line that is no JSON', async () => {
    const { code, stderr, stdout } = await failed('{"a":1}\n\n{"a":\n')
    expect(code).toBe(2)
    expect(stderr).toMatch(/line 3 of .*bad\.ndjson is no JSON/)
    expect(stdout).toBe('')
  })

  it('is told when it is empty, missing, or of mixed types', async () => {
    expect((await failed('\n \n')).stderr).toContain('has no row')
    const { code, stderr } = await failed('{"a":1}\n{"a":"x"}\n')
    expect(code).toBe(1)
    expect(stderr).toContain('/a: mixed types: number in line 1, string in line 2')
    const missing = await earshot(['codecs', '--sample', file('none.ndjson')])
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('ENOENT')
  })

  it('is told with line, path and codec when a row does not come back', async () => {
    const { code, stdout } = await failed('{"a":"x"}\n{"a":"\\ud800"}\n', '--json')
    expect(code).toBe(1)
    const { error } = JSON.parse(stdout)
    expect(error).toMatchObject({ line: 2, path: '/a', codec: 'json' })
    expect(error.code).toBe('EARSHOT_BODY_INVALID')
  })

  it('is cut at the bounds, which is said aloud; one line beyond them is refused', async () => {
    const rows = Array.from({ length: 30 }, (_, a) => `${JSON.stringify({ a: `${a}\r` })}\n`)
    const cut = await failed(rows.join(''), '--rows', '10', '--quick')
    expect(cut.stderr).toContain('only the first 10 rows were read')
    expect(cut.stdout).toContain('10 rows')
    // XML has a row that says what it cannot carry.
    expect(cut.code).toBe(0)
    expect(cut.stdout).toMatch(/^XML +–/m)
    expect(cut.stdout.replace(/\s+/g, ' ')).toContain('XML cannot carry line 1: /a was')
    const long = await failed(`"${'x'.repeat(100_000)}"`, '--bytes', '50000')
    expect(long.code).toBe(2)
    expect(long.stderr).toContain('only the first 50,000 bytes were read')
  }, 60_000)
})

describe('rivals that are not installed', () => {
  it('have a row that says the command, and the rest is measured', async () => {
    // A copy of what is published, in a place from which no rival is found.
    const place = file('alone')
    mkdirSync(join(place, 'node_modules/earshot'), { recursive: true })
    for (const name of ['dist', 'package.json']) {
      execFileSync('cp', ['-r', join(root, name), join(place, 'node_modules/earshot', name)])
    }
    for (const name of ['commander', 'dns-packet', 'typebox', 'zeromq', '@leichtgewicht']) {
      symlinkSync(join(root, 'node_modules', name), join(place, 'node_modules', name))
    }
    const main = join(place, 'node_modules/earshot/dist/src/cli/main.js')
    const words = ['codecs', '--sample', orders, '--quick']
    const { code, stdout } = await new Running(main, words, {}, place).end()
    expect(code).toBe(0)
    expect(stdout).toContain('CBOR needs cbor: npm install --no-save cbor.')
    expect(stdout).toMatch(/^CBOR +–/m)
    expect(stdout).toMatch(/^Avro +[\d.]/m)
  }, 120_000)
})

describe('options of a comparison', () => {
  it('are refused without a sample, and a body with one', async () => {
    const [stray, both] = await Promise.all([
      earshot(['codecs', '--html', file('x.html')]),
      earshot(['codecs', 'place', '{}', '--sample', orders]),
    ])
    expect(stray.code).toBe(2)
    expect(stray.stderr).toContain('--html needs --sample')
    expect(both.code).toBe(2)
  })

  it('end with 1 on Ctrl-C, and leave no directory behind', async () => {
    const main = join(root, 'dist/src/cli/main.js')
    mkdirSync(file('tmp'))
    const running = new Running(main, ['codecs', '--sample', orders], { TMPDIR: file('tmp') })
    await running.until(/Avro: encode/, 'stderr')
    running.signal('SIGINT')
    const { code, stderr } = await running.end()
    expect(code).toBe(1)
    expect(stderr).toContain('stopped before it was done')
    expect(readdirSync(file('tmp'))).toEqual([])
  }, 60_000)
})
