import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { meshHash } from '../../src/discovery/mesh-hash.ts'
import { ensurePrivate, runtimeDirectory } from '../../src/discovery/runtime-directory.ts'

const isRoot = process.getuid?.() === 0

describe('the runtime directory', () => {
  let base: string
  let before: string | undefined
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'es-'))
    before = process.env.XDG_RUNTIME_DIR
  })
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR
    else process.env.XDG_RUNTIME_DIR = before
    rmSync(base, { recursive: true, force: true })
  })
  const refusal = (path: string) =>
    expect.objectContaining({ code: 'EARSHOT_RUNTIME_DIR', data: { path } })

  it('is made below the base, for its owner only, and named by the hash of the mesh', () => {
    const path = runtimeDirectory({ mesh: 'shop', base })
    expect(path).toBe(join(base, meshHash('shop')))
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(runtimeDirectory({ mesh: 'shop', base })).toBe(path)
  })

  it('lies in XDG_RUNTIME_DIR where that is ours', () => {
    process.env.XDG_RUNTIME_DIR = base
    expect(runtimeDirectory({ mesh: 'm' })).toBe(join(base, 'earshot', meshHash('m')))
    expect(statSync(join(base, 'earshot')).mode & 0o777).toBe(0o700)
  })

  it('lies in the directory for temporary files where XDG_RUNTIME_DIR does not exist', () => {
    process.env.XDG_RUNTIME_DIR = join(base, 'gone')
    const path = runtimeDirectory({ mesh: 'es-test-tmp' })
    expect(path).toBe(join(tmpdir(), `earshot-${process.getuid?.()}`, meshHash('es-test-tmp')))
    rmSync(path, { recursive: true })
  })

  it.skipIf(!isRoot)('does not enter another user’s XDG_RUNTIME_DIR', () => {
    chownSync(base, 65_534, 65_534)
    process.env.XDG_RUNTIME_DIR = base
    const path = runtimeDirectory({ mesh: 'es-test-tmp' })
    expect(path.startsWith(base)).toBe(false)
    rmSync(path, { recursive: true })
  })

  it('takes the shorter path when sockets would not fit', () => {
    const long = join(base, 'x'.repeat(90))
    const path = runtimeDirectory({ mesh: 'es-test-long', base: long })
    expect(Buffer.byteLength(join(path, '0123456789abcdef.i'))).toBeLessThanOrEqual(100)
    expect(existsSync(long)).toBe(false)
    rmSync(path, { recursive: true })
  })

  it('takes the rights of others away from our own directory', () => {
    const path = runtimeDirectory({ mesh: 'shop', base })
    chmodSync(path, 0o777)
    runtimeDirectory({ mesh: 'shop', base })
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })

  it('leaves the mode of a base that holds other things', () => {
    chmodSync(base, 0o755)
    runtimeDirectory({ mesh: 'shop', base })
    expect(statSync(base).mode & 0o777).toBe(0o755)
  })

  it('refuses a base in which everybody may replace what is ours', () => {
    chmodSync(base, 0o777)
    expect(() => runtimeDirectory({ mesh: 'shop', base })).toThrow(refusal(base))
    chmodSync(base, 0o1777)
    runtimeDirectory({ mesh: 'shop', base })
  })

  it('refuses a link, a file, and what cannot be made, naming the path', () => {
    const path = join(base, meshHash('shop'))
    symlinkSync(mkdtempSync(join(base, 'a-')), path)
    expect(() => runtimeDirectory({ mesh: 'shop', base })).toThrow(refusal(path))
    rmSync(path)
    writeFileSync(path, '')
    expect(() => runtimeDirectory({ mesh: 'shop', base })).toThrow(refusal(path))
    const below = join(path, 'x')
    expect(() => ensurePrivate(below)).toThrow(refusal(below))
  })

  it.skipIf(!isRoot)('refuses the directory of another user', () => {
    const path = join(base, meshHash('shop'))
    mkdirSync(path, { mode: 0o700 })
    chownSync(path, 65_534, 65_534)
    expect(() => runtimeDirectory({ mesh: 'shop', base })).toThrow(refusal(path))
  })
})
