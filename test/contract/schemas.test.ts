// The example contracts are in step with their lock files, and what follows from them is written.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Orders } from '../../schemas/orders.ts'
import { Pages } from '../../schemas/pages.ts'
import { Sensors } from '../../schemas/sensors.ts'
import { checkLock } from '../../src/contract/lock-check.ts'

const root = join(import.meta.dirname, '../..')
const schemas = join(root, 'schemas')
const made = mkdtempSync(join(tmpdir(), 'earshot-schemas-'))

afterAll(() => rmSync(made, { recursive: true, force: true }))

const modules = [
  { module: 'orders', contract: Orders },
  { module: 'pages', contract: Pages },
  { module: 'sensors', contract: Sensors },
]
const targets = ['avro', 'json-schema', 'proto']

function textsIn(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort()
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

describe('schemas/', () => {
  it.each(modules)('holds a lock file that $module is in step with', ({ module, contract }) => {
    const lock = JSON.parse(readFileSync(join(schemas, `${module}.lock.json`), 'utf8'))
    expect(() => checkLock(lock, contract)).not.toThrow()
  })

  it('has a module for each lock file', () => {
    const locks = readdirSync(schemas).filter((name) => name.endsWith('.lock.json'))
    expect(locks).toEqual(modules.map(({ module }) => `${module}.lock.json`))
  })

  it.each(targets)('holds what follows from the contracts: %s', (to) => {
    const into = process.env.UPDATE === '1' ? join(schemas, to) : join(made, to)
    for (const { module } of modules) {
      const main = join(root, 'dist/src/cli/main.js')
      const source = join(root, `dist/schemas/${module}.js`)
      execFileSync(process.execPath, [main, 'gen', source, '--to', to, '--out', into], {
        stdio: 'ignore',
      })
    }
    expect(textsIn(join(schemas, to))).toEqual(textsIn(into))
  })
})
