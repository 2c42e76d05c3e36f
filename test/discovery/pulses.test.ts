// The pulses of the peers of one host, in a real directory.

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openPulses, pulseFile } from '../../src/discovery/pulses.ts'
import { createVirtualClock } from '../../src/testing/virtual-clock.ts'
import { randomId } from './support.ts'

function world() {
  const folder = mkdtempSync(join(tmpdir(), 'es-pulse-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const clock = createVirtualClock(Date.now())
  const [id, other] = [randomId(), randomId()]
  const one = openPulses(folder, id, clock)
  const two = openPulses(folder, other, clock)
  return { folder, clock, id, one, two, file: pulseFile(folder, id) }
}

it('a pulse is seen by others, each beat as another time; only its owner can open it', async () => {
  const { clock, id, one, two, file } = world()
  expect(two.last(id)).toBe(undefined)
  expect(one.beat()).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700)
  const seen = [two.last(id)]
  for (let beats = 0; beats < 3; beats++) {
    await clock.advance(1_000)
    expect(one.beat()).toBe(true)
    expect(Math.abs((two.last(id) ?? 0) - clock.wallMs())).toBeLessThan(1)
    seen.push(two.last(id))
  }
  expect(new Set(seen).size).toBe(4)
  one.close()
  expect(two.last(id)).toBe(undefined)
})

it('a pulse whose file or place was deleted is there again with the next beat', () => {
  const { id, one, two, file } = world()
  one.beat()
  rmSync(file)
  expect(two.last(id)).toBe(undefined)
  expect(one.beat()).toBe(true)
  expect(two.last(id)).toBeGreaterThan(0)
  rmSync(dirname(file), { recursive: true })
  expect(one.beat()).toBe(true)
  expect(two.last(id)).toBeGreaterThan(0)
})

it('where there can be no file, or the directory of the mesh is gone, a beat says so', () => {
  const { folder, id, one, two, file } = world()
  writeFileSync(dirname(file), 'no directory')
  expect(one.beat()).toBe(false)
  expect(two.last(id)).toBe(undefined)
  rmSync(folder, { recursive: true })
  expect(one.beat()).toBe(false)
  // Whoever owns it makes it again, with the right mode.
  expect(existsSync(folder)).toBe(false)
})
