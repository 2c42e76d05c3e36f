// `npm run bench:published` over a few documents of our own, in the layout of the published ones.
// Their sizes come from other libraries: avsc, protobufjs, msgpackr.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import avsc from 'avsc'
import { Packr } from 'msgpackr'
import protobufjs from 'protobufjs'
import { afterAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../../dist/bench/published/main.js')
const folder = mkdtempSync(join(tmpdir(), 'earshot-published-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Given {
  readonly json: unknown
  readonly avro: object
  readonly proto: string
  /** What the libraries are given, where they want another form. */
  readonly forAvro?: unknown
  readonly forProto?: object
  readonly patch?: readonly object[]
}

const packr = new Packr({ useRecords: false, variableMapSize: true })
const record = (name: string, fields: Record<string, unknown>) => ({
  type: 'record',
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
})
const list = (items: unknown) => ({ type: 'array', items })

const plain: Given = {
  json: { site: 'é', port: 8_080, ratios: [1, 0.5], on: false },
  avro: record('plain', { site: 'string', port: 'int', ratios: list('double'), on: 'boolean' }),
  proto:
    'message Main { string site = 1; uint32 port = 2; repeated double ratios = 3; bool on = 4; }',
}
const union: Given = {
  json: { steps: [{ path: '/a' }, { path: '/b', all: true }] },
  avro: record('union', {
    steps: list([
      record('one', { path: 'string' }),
      record('two', { path: 'string', all: 'boolean' }),
    ]),
  }),
  forAvro: { steps: [{ one: { path: '/a' } }, { two: { path: '/b', all: true } }] },
  proto:
    'message Step { string path = 1; bool all = 2; } message Main { repeated Step steps = 1; }',
}
const renamed: Given = {
  json: { 'no-any': true, mixed: [1, { a: null }] },
  avro: record('renamed', { 'no-any': 'boolean', mixed: list('nowhere') }),
  proto: 'message Main { bool noAny = 1; }',
  forProto: { noAny: true },
}

function save(directory: string, documents: Readonly<Record<string, Given>>, more = 0): string {
  const root = join(folder, directory)
  const sizes: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(documents)) {
    const place = join(root, name)
    mkdirSync(place, { recursive: true })
    const write = (file: string, text: string) => writeFileSync(join(place, file), text)
    write('document.json', JSON.stringify(given.json, null, 2))
    write('avro-schema.avsc', JSON.stringify(given.avro))
    write('protobuf-schema.proto', `syntax = "proto3";\n${given.proto}`)
    write('avro-pre.patch.json', JSON.stringify(given.patch ?? []))
    write('protobuf-pre.patch.json', '[]')
    const { forAvro = given.json, forProto = given.json, json } = given
    const { root: types } = protobufjs.parse(`syntax = "proto3";\n${given.proto}`)
    const size = (raw: number) => ({ raw: raw + more, gzip: raw + 20 })
    sizes[name] = {
      json: size(Buffer.byteLength(JSON.stringify(json)) + 1 - more),
      messagepack: size(packr.pack(json).length),
      avro: size(name === 'renamed' ? 99 : avroLength(given.avro, forAvro)),
      protobuf: size(
        types
          .lookupType('Main')
          .encode(forProto as object)
          .finish().length,
      ),
    }
  }
  writeFileSync(join(root, 'sizes.json'), JSON.stringify(sizes))
  return root
}

function avroLength(schema: object, value: unknown): number {
  return avsc.Type.forSchema(schema as avsc.Schema).toBuffer(value).length
}

const published = async (...words: string[]) =>
  await run(process.execPath, [main, ...words]).catch((error) => error)

describe('the comparison with published sizes', () => {
  const directory = save('equal', { plain, union, renamed })

  it('finds them equal, in unions and with absent fields of Protobuf, too', async () => {
    const { stdout, code } = await published(directory, '--json')
    expect(code).toBeUndefined()
    const { documents, failures } = JSON.parse(stdout)
    expect(failures).toEqual([])
    const verdicts = documents.map(({ formats }: { formats: object }) =>
      Object.values(formats).map(({ verdict }) => verdict),
    )
    expect(verdicts).toEqual([
      ['equal', 'equal', 'equal'],
      ['equal', 'equal', 'equal'],
      ['equal', 'refused', 'misfit'],
    ])
    for (const { isSameDocument } of documents) expect(isSameDocument).toBe(true)
  })

  it('says each difference with its reason, in 80 columns', async () => {
    const { stdout } = await published(directory)
    const text = stdout.replace(/\s+/g, ' ')
    expect(text).toContain('MessagePack: 3 of 3 equal')
    expect(text).toContain('renamed, Avro: EARSHOT_SCHEMA_INVALID')
    expect(text).toContain('/no-any: Main has no field of that name, but noAny')
    expect(text).toContain(
      'plain, MessagePack by a contract: +8 bytes; 1 whole numbers stand where',
    )
    expect(text).toContain('arXiv 2201.03051')
    expect(text).not.toContain('NOT EXPLAINED')
    for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80)
  })

  it('ends with 1 and names document, format and both sizes when one is another', async () => {
    const { code, stderr, stdout } = await published(save('longer', { plain }, 3))
    expect(code).toBe(1)
    expect(stderr).toMatch(/FAILED plain, Avro: 24 bytes, published are 27/)
    expect(stderr.match(/FAILED/g)).toHaveLength(3)
    expect(stdout).toContain('NOT EXPLAINED')
  })

  it('does not compare what its authors patch first', async () => {
    const patch = [{ op: 'remove', path: '/on' }]
    const { stdout } = await published(save('patched', { plain: { ...plain, patch } }), '--json')
    expect(JSON.parse(stdout).documents[0].formats.avro).toEqual({
      verdict: 'misfit',
      reason: 'its authors patch it first, by 1 operations',
    })
  })

  it('names the file that is missing or wrong, and wants one directory', async () => {
    const missing = await published(join(folder, 'nowhere'))
    expect(missing.code).toBe(1)
    expect(missing.stderr).toContain('sizes.json cannot be read: ENOENT')
    const broken = save('broken', { plain })
    writeFileSync(join(broken, 'plain/document.json'), '{')
    expect((await published(broken)).stderr).toContain('document.json is no JSON')
    writeFileSync(join(broken, 'sizes.json'), '{"../x":{}}')
    expect((await published(broken)).stderr).toContain('"../x", which is no folder')
    expect((await published()).stderr).toContain('one directory')
  })
})
