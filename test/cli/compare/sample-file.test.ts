// Samples that cannot be measured: the file and the line are named, whatever is wrong with it.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSample } from '../../../src/cli/compare/sample-file.ts'
import { inferredSample } from '../../../src/cli/compare/typed-sample.ts'
import { Failure } from '../../../src/cli/failure.ts'

const bounds = { maxRows: 100, maxBytes: 10_000 }
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-sample-test-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function failureOf(content: string | Uint8Array): Promise<Failure> {
  const file = join(folder, 'rows.ndjson')
  await writeFile(file, content)
  try {
    inferredSample(await readSample(file, bounds))
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('it was taken')
}

const broken: readonly (readonly [what: string, content: string | Uint8Array, said: string])[] = [
  ['is no JSON', '{"a":1}\n\n{"a":\n', 'line 3 of '],
  ['is no UTF-8', Buffer.concat([Buffer.from('{"a":1}\n{"a":"'), Buffer.from('c328227d', 'hex')]),
    'line 2 of '],
  ['is null', '{"a":1}\nnull\n', 'line 2: '],
  ['has a name that no contract has', '{"a":1}\n{"__proto__":1}\n', 'line 2: '],
  ['is of another type', '{"a":1}\n{"a":"x"}\n', 'number in line 1, string in line 2'],
  ['has a list item that is null', '{"a":[1]}\n{"a":[1,null]}\n', 'null in line 2'],
] // biome-ignore format: a table

test.each(broken)(
  'a line that %s is refused with the file and the line',
  async (_, content, said) => {
    const { message, next } = await failureOf(content)
    expect(message).toContain('rows.ndjson')
    expect(message).toContain(said)
    expect(next).toMatch(/correct|write|iconv/)
  },
)

test('a mark of the byte order and a last line without an end are taken', async () => {
  const file = join(folder, 'mark.ndjson')
  await writeFile(file, '\ufeff{"a":1}\r\n{"a":2}')
  const { rows } = await readSample(file, bounds)
  expect(rows).toEqual([
    { json: { a: 1 }, line: 1 },
    { json: { a: 2 }, line: 2 },
  ])
})
