// `earshot keys` and `earshot trust`: keys in files of their own, a list that people read.

import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { earshot, endAll, randomMesh, startCli, startShop } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'earshot-trust-'))
const file = (name: string): string => join(folder, name)

afterAll(async () => {
  await endAll()
  rmSync(folder, { recursive: true, force: true })
})

interface MadeKey {
  readonly publicKey: string
  readonly fingerprint: string
}

async function made(name: string): Promise<MadeKey> {
  const { stdout, code } = await earshot(['keys', 'new', file(name), '--json'])
  expect(code).toBe(0)
  const { publicKey, fingerprint } = JSON.parse(stdout)
  return { publicKey, fingerprint }
}

describe('earshot keys', () => {
  it('makes a key in a file that its owner alone can read, and shows no secret', async () => {
    const { code, stdout } = await earshot(['keys', 'new', file('one.key')])
    expect(code).toBe(0)
    expect(statSync(file('one.key')).mode & 0o777).toBe(0o600)
    const secret = /earshot-secret-key (\S{43})/.exec(readFileSync(file('one.key'), 'utf8'))?.[1]
    expect(secret).toBeDefined()
    expect(stdout).not.toContain(secret)
    const [, shown] = /public key: {2}(\S{43})/.exec(stdout) ?? []
    expect((await earshot(['keys', 'show', file('one.key')])).stdout).toBe(`${shown}\n`)
    const [, print_] = /fingerprint: (SHA256:\S{43})/.exec(stdout) ?? []
    for (const given of [file('one.key'), shown as string]) {
      expect((await earshot(['keys', 'fingerprint', given])).stdout).toBe(`${print_}\n`)
    }
  })

  it('never overwrites a key, and says so', async () => {
    const before = readFileSync(file('one.key'), 'utf8')
    const { code, stderr } = await earshot(['keys', 'new', file('one.key')])
    expect(code).toBe(1)
    expect(stderr).toContain('EARSHOT_TRUST_INVALID')
    expect(readFileSync(file('one.key'), 'utf8')).toBe(before)
  })

  it('prints as fingerprint the SHA-256 of the 32 bytes, as SSH does', async () => {
    const { publicKey, fingerprint } = await made('openssl.key')
    const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('base64')
    expect(fingerprint).toBe(`SHA256:${digest.replace(/=+$/, '')}`)
  })
})

describe('earshot trust', () => {
  it('adds keys with roles, lists them, takes them off, and leaves the rest', async () => {
    const list = file('people.allow')
    writeFileSync(list, '# written by hand')
    const [a, b] = [await made('a.key'), await made('b.key')]
    const at = ['--list', list]
    const added = await earshot([
      'trust',
      'add',
      a.publicKey,
      'ada',
      '-r',
      'web',
      '-r',
      'ops',
      ...at,
    ])
    expect(added.stdout).toBe(`ada is let in: ${a.fingerprint}\n`)
    await earshot(['trust', 'add', b.publicKey, 'bob', ...at])
    const listed = await earshot(['trust', 'list', '--json', ...at])
    expect(JSON.parse(listed.stdout)).toEqual({
      file: list,
      errors: [],
      trusted: [
        { name: 'ada', ...a, roles: ['web', 'ops'] },
        { name: 'bob', ...b, roles: [] },
      ],
    })
    const twice = await earshot(['trust', 'add', a.publicKey, 'again', ...at])
    expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining('already: ada')])
    const removed = await earshot(['trust', 'remove', a.fingerprint, ...at])
    expect(removed.stdout).toContain(`let in no longer: ada ${a.fingerprint}`)
    expect(readFileSync(list, 'utf8')).toBe(`# written by hand\n${b.publicKey} bob\n`)
    expect(statSync(list).mode & 0o022).toBe(0)
  })

  it.each([
    [['no-key', 'x'], 'begins with no public key'],
    [['A'.repeat(43), '../x'], 'is no name'],
    [['A'.repeat(43), 'x', '-r', 'a b'], 'has more than'],
  ])('does not add %j', async (words, says) => {
    const list = file('never.allow')
    const { code, stderr } = await earshot(['trust', 'add', ...words, '--list', list])
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)])
  })

  it('names the line that is wrong, and the list that is not there', async () => {
    writeFileSync(file('bad.allow'), '\n\nrubbish\n')
    const bad = await earshot(['trust', 'list', '--list', file('bad.allow')])
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('bad.allow:3')])
    const none = await earshot(['trust', 'list', '--list', file('none.allow')])
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there is no allow list')])
  })

  it('is what a running mesh goes by, and what lets the command in', async () => {
    const list = file('mesh.allow')
    const mesh = randomMesh()
    const [server, me] = [await made('server.key'), await made('me.key')]
    await earshot(['trust', 'add', server.publicKey, 'server', '--list', list])
    const key = file('server.key')
    const shop = await startShop({ name: 'orders', mesh, does: ['serve'], list, key })
    const env = { EARSHOT_ALLOW: list, EARSHOT_KEY: file('me.key') }
    const see = (wait: string) =>
      startCli(['peers', '--mesh', mesh, '--json', '--wait', wait], env).end()
    expect((await see('500')).code).toBe(3)
    await earshot(['trust', 'add', me.publicKey, 'me', '-r', 'ops', '--list', list])
    const { stdout } = await see('20000')
    expect(JSON.parse(stdout).peers).toMatchObject([{ id: shop.id, key: server.fingerprint }])
    const words = ['call', 'shop.orders/place', '{"sku":"x","n":1}', '--mesh', mesh, '--json']
    const called = await startCli([...words, '--wait', '20000'], env).end()
    expect([called.code, called.stderr]).toEqual([0, ''])
    await earshot(['trust', 'remove', 'me', '--list', list])
    expect((await see('500')).code).toBe(3)
  })
})

describe('a list that peers would not read', () => {
  it.each([
    ['can be written by others', () => file('open.allow'), 'chmod go-w'],
    ['is no file', () => folder, '--list'],
  ])('is refused with the next step when it %s', async (why, list, next) => {
    writeFileSync(file('open.allow'), '')
    chmodSync(file('open.allow'), 0o666)
    const { publicKey } = await made(`of-${why.length}.key`)
    for (const args of [['list'], ['add', publicKey, 'one'], ['remove', 'one']]) {
      const { code, stderr } = await earshot(['trust', ...args, '-l', list()])
      expect([code, stderr]).toEqual([1, expect.stringContaining(why)])
      expect(stderr).toContain(next)
      expect(stderr).not.toContain('    at ')
    }
  })

  it('is refused where there is no folder for it', async () => {
    const { publicKey } = await made('nowhere.key')
    const list = join(folder, 'no', 'such', 'list')
    const { code, stderr } = await earshot(['trust', 'add', publicKey, 'one', '-l', list])
    expect([code, stderr]).toEqual([1, expect.stringContaining('ENOENT')])
    expect(stderr).not.toContain('    at ')
  })
})
