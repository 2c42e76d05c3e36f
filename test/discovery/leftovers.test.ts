// What dead peers left in a real directory is removed, and nothing of a peer that lives.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { RECENT_MS, removeLeftovers } from '../../src/discovery/leftovers.ts'
import { openPulses, pulseFile } from '../../src/discovery/pulses.ts'
import { eventually, randomId } from './support.ts'

const LONG_AGO = new Date(Date.now() - 120_000)

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'es-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function listen(at: string) {
  const server = createServer().listen(at)
  onTestFinished(() => void server.close())
  await eventually(() => server.listening)
  return server
}

/** Counts who comes to a socket. */
async function knocksAt(socket: string): Promise<{ count: number }> {
  const knocks = { count: 0 }
  const server = await listen(socket)
  server.on('connection', () => {
    knocks.count++
  })
  return knocks
}

/** Their age is what the file system says, and cannot be set: so the wait is real. */
async function old(file: string) {
  await eventually(() => Date.now() - statSync(file).ctimeMs > RECENT_MS)
}

describe('leftovers of dead peers', () => {
  it('are removed, half a record too; live sockets, fresh ones and others are not', async () => {
    const path = directory()
    const name = (digit: string, end: string) => join(path, digit.repeat(16) + end)
    await listen(name('a', '.i'))
    // A socket whose owner is gone: closing unlinks it, so it is moved away first.
    for (const at of [name('b', '.i'), name('c', '.o'), name('d', '.d')]) {
      const server = await listen(`${at}.tmp`)
      renameSync(`${at}.tmp`, at)
      server.close()
    }
    writeFileSync(name('e', '.json'), '{}')
    writeFileSync(name('f', '.i'), 'no socket')
    const unfinished = join(path, `.${'a'.repeat(32)}.4711.tmp`)
    writeFileSync(unfinished, '{"record":')
    expect(await removeLeftovers(path)).toEqual({ removed: 0, inUse: false })
    expect(existsSync(unfinished)).toBe(true)
    await old(unfinished)
    expect(await removeLeftovers(path)).toEqual({ removed: 4, inUse: false })
    expect(existsSync(unfinished)).toBe(false)
    expect(existsSync(name('a', '.i'))).toBe(true)
    expect(existsSync(name('e', '.json'))).toBe(true)
    expect(existsSync(name('f', '.i'))).toBe(true)
    expect(existsSync(name('b', '.i'))).toBe(false)
    rmSync(path, { recursive: true })
    expect(await removeLeftovers(path)).toEqual({ removed: 0, inUse: false })
  })

  it('are looked for where no pulse beat lately: nobody knocks at whoever lives', async () => {
    const path = directory()
    const id = randomId()
    const socket = join(path, `${id.slice(0, 16)}.i`)
    const knocks = await knocksAt(socket)
    await old(socket)
    const pulses = openPulses(path, id, systemClock)
    pulses.beat()
    expect(await removeLeftovers(path)).toEqual({ removed: 0, inUse: true })
    expect(knocks.count).toBe(0)
    utimesSync(pulseFile(path, id), LONG_AGO, LONG_AGO)
    expect(await removeLeftovers(path)).toEqual({ removed: 0, inUse: false })
    await eventually(() => knocks.count === 1)
    expect(existsSync(socket)).toBe(true)
  })

  it('are pulses that are still; who is removed and lives beats on', async () => {
    const path = directory()
    const [id, other] = [randomId(), randomId()]
    const one = openPulses(path, id, systemClock)
    const two = openPulses(path, other, systemClock)
    const file = pulseFile(path, id)
    one.beat()
    two.beat()
    const strange = join(dirname(file), 'not-a-pulse')
    expect((await removeLeftovers(path)).inUse).toBe(true)
    expect(existsSync(file)).toBe(true)
    utimesSync(file, LONG_AGO, LONG_AGO)
    expect((await removeLeftovers(path)).inUse).toBe(true)
    expect(existsSync(file)).toBe(false)
    two.close()
    mkdirSync(strange)
    expect((await removeLeftovers(path)).inUse).toBe(false)
    expect(existsSync(strange)).toBe(true)
    rmSync(strange, { recursive: true })
    expect((await removeLeftovers(path)).inUse).toBe(false)
    expect(existsSync(dirname(file))).toBe(false)
    expect(one.beat()).toBe(true)
    expect(two.last(id)).toBeGreaterThan(0)
  })

  it('that cannot be removed hide nobody who lives, wherever they stand in the list', async () => {
    const path = directory()
    const ids = ['0', 'f'].map((digit) => digit.repeat(32))
    for (const id of ids) mkdirSync(pulseFile(path, id), { recursive: true })
    for (const id of ids) utimesSync(pulseFile(path, id), LONG_AGO, LONG_AGO)
    // Nobody's: what is no file is not removed, and counts as somebody's.
    expect((await removeLeftovers(path)).inUse).toBe(true)
    const id = '8'.repeat(32)
    const socket = join(path, `${id.slice(0, 16)}.i`)
    const knocks = await knocksAt(socket)
    await old(socket)
    openPulses(path, id, systemClock).beat()
    expect(await removeLeftovers(path)).toEqual({ removed: 0, inUse: true })
    expect(knocks.count).toBe(0)
  })
})
