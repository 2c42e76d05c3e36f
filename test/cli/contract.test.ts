// `earshot contract` and `earshot compat`, over modules of a project of their own.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { earshot, endAll } from './support.ts'

const root = join(import.meta.dirname, '../..')
const project = mkdtempSync(join(tmpdir(), 'earshot-contracts-'))
const file = (name: string): string => join(project, name)

mkdirSync(file('node_modules'))
symlinkSync(root, file('node_modules/earshot'))
symlinkSync(join(root, 'node_modules/typebox'), file('node_modules/typebox'))

afterAll(async () => {
  await endAll()
  rmSync(project, { recursive: true, force: true })
})

/** A module whose only contract has these fields. */
function write(name: string, version: string, fields: string, lock = 'orders.lock.json'): string {
  const text = `import { contract, event } from 'earshot'
import { Type } from 'typebox'
import lock from './${lock}' with { type: 'json' }
const Placed = Type.Object({ ${fields} })
export const Orders = contract('shop.orders', '${version}', { placed: event(Placed) }, { lock })
`
  writeFileSync(file(name), text)
  return file(name)
}

const base = 'id: Type.Integer(), note: Type.Optional(Type.String())'
const more = `first: Type.Optional(Type.Boolean()), ${base}`

beforeEach(() => {
  rmSync(file('orders.lock.json'), { force: true })
})

describe('earshot contract', () => {
  it('locks a module that has no lock file yet, and finds it in step', async () => {
    const module = write('orders.mjs', '1.0.0', base)
    const before = await earshot(['contract', 'check', module])
    expect(before.code).toBe(1)
    expect(before.stderr).toContain('EARSHOT_CONTRACT_UNLOCKED')
    const locked = await earshot(['contract', 'lock', module])
    expect(locked).toMatchObject({ code: 0, stderr: '' })
    expect(locked.stdout).toContain('shop.orders 1.0.0  locked:')
    const lock = JSON.parse(readFileSync(file('orders.lock.json'), 'utf8'))
    expect(lock.contracts['shop.orders/1'].numbers).toEqual({ Placed: { id: 1, note: 2 } })
    expect(await earshot(['contract', 'check', module])).toMatchObject({ code: 0, stderr: '' })
    expect((await earshot(['contract', 'lock', module])).stdout).toContain('already locked')
  })

  it('asks for a version that rises by enough, and for the lock', async () => {
    await earshot(['contract', 'lock', write('orders.mjs', '1.0.0', base)])
    const low = await earshot(['contract', 'check', write('orders.mjs', '1.0.0', more)])
    expect(low.code).toBe(1)
    expect(low.stderr).toContain('the least version is 1.1.0 (EARSHOT_VERSION_TOO_LOW)')
    const module = write('orders.mjs', '1.1.0', more)
    const { code, stdout } = await earshot(['contract', 'check', module, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'EARSHOT_CONTRACT_UNLOCKED' })
    const locked = await earshot(['contract', 'lock', module, '--json'])
    expect(JSON.parse(locked.stdout)).toMatchObject({ changed: true })
    const lock = JSON.parse(readFileSync(file('orders.lock.json'), 'utf8'))
    expect(lock.contracts['shop.orders/1'].numbers.Placed).toEqual({ id: 1, note: 2, first: 3 })
    expect((await earshot(['contract', 'check', module])).code).toBe(0)
  })

  it('leaves no lock file behind when the module cannot be locked', async () => {
    writeFileSync(file('broken.mjs'), 'export const x = 1\n')
    const { code, stderr } = await earshot(['contract', 'lock', file('broken.mjs')])
    expect(code).toBe(1)
    expect(stderr).toContain('exports no contract')
    expect(() => readFileSync(file('broken.lock.json'))).toThrow()
  })

  it('takes another place for the lock file', async () => {
    const module = write('orders.mjs', '1.0.0', base)
    writeFileSync(file('orders.lock.json'), '{}')
    const other = file('elsewhere.json')
    expect((await earshot(['contract', 'lock', module, '--lock', other])).code).toBe(0)
    expect((await earshot(['contract', 'check', module, '--lock', other])).code).toBe(0)
    writeFileSync(other, 'nothing')
    const { code, stderr } = await earshot(['contract', 'check', module, '--lock', other])
    expect(code).toBe(1)
    expect(stderr).toContain('is no JSON')
  })
})

describe('earshot compat', () => {
  it('tells patch, minor and major by table, JSON and exit code', async () => {
    writeFileSync(file('orders.lock.json'), '{}')
    const old = write('old.mjs', '1.0.0', base)
    const minor = write('minor.mjs', '1.1.0', `${base}, more: Type.Optional(Type.String())`)
    const major = write('major.mjs', '2.0.0', 'id: Type.String()')
    const same = await earshot(['compat', old, old])
    expect(same).toMatchObject({ code: 0, stderr: '' })
    expect(same.stdout).toContain('nothing has changed')
    const risen = await earshot(['compat', old, minor])
    expect(risen.code).toBe(0)
    expect(risen.stdout).toContain('shop.orders 1.0.0 → 1.1.0  minor')
    expect(risen.stdout).toContain('/placed/body/more')
    const broken = await earshot(['compat', old, major, '--json'])
    expect(broken).toMatchObject({ code: 1, stderr: '' })
    expect(JSON.parse(broken.stdout).contracts[0]).toMatchObject({
      verdict: 'major',
      changes: expect.arrayContaining([
        expect.objectContaining({ path: '/placed/body/id', direction: 'both', codec: 'all' }),
      ]),
    })
  })

  it('reads lock files and descriptions as well as modules', async () => {
    const module = write('orders.mjs', '1.0.0', base)
    await earshot(['contract', 'lock', module])
    const lock = file('orders.lock.json')
    expect((await earshot(['compat', lock, module])).code).toBe(0)
    const { contracts } = JSON.parse(readFileSync(lock, 'utf8'))
    const described = { name: 'shop.orders', ...contracts['shop.orders/1'].versions[0] }
    writeFileSync(file('description.json'), JSON.stringify(described))
    writeFileSync(file('door.json'), JSON.stringify({ contracts: [described] }))
    for (const other of ['description.json', 'door.json']) {
      expect((await earshot(['compat', file(other), module])).code).toBe(0)
    }
  })

  it.each([
    { name: 'nothing.txt', text: '', code: 2, said: 'is no file that contracts are in' },
    { name: 'nothing.json', text: '{}', code: 1, said: 'describes no contract' },
    { name: 'damaged.json', text: '{', code: 1, said: 'is no JSON' },
    { name: 'wrong.json', text: '{"channels":[1]}', code: 1, said: 'EARSHOT_BYTES_INVALID' },
    { name: 'throws.mjs', text: 'throw new Error("no")', code: 1, said: 'cannot be imported' },
  ])('says what is wrong with $name', async ({ name, text, code, said }) => {
    writeFileSync(file(name), text)
    const ended = await earshot(['compat', file(name), file(name)])
    expect(ended.code).toBe(code)
    expect(ended.stderr).toContain(said)
    expect(ended.stderr).toMatch(/\nnext: ./)
  })
})
