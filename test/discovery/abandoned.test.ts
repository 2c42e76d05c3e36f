// What is removed of meshes that nobody is in, and what is not.

import { existsSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { removeAbandoned } from '../../src/discovery/abandoned.ts'
import { pulseFile } from '../../src/discovery/pulses.ts'

const LONG_AGO = new Date(Date.now() - 7_200_000)

it('directories of old meshes go, with their records; anything else stays', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'es-abandoned-'))
  const make = (name: string, files: string[], old: boolean) => {
    const folder = join(parent, name)
    mkdirSync(folder)
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), '{}')
      if (old) utimesSync(join(folder, file), LONG_AGO, LONG_AGO)
    }
    if (old) utimesSync(folder, LONG_AGO, LONG_AGO)
    return folder
  }
  const record = `${'a'.repeat(32)}.json`
  const own = make('00000000', [], true)
  const pulse = pulseFile('', 'a'.repeat(32))
  const gone = [
    make('11111111', [], true),
    make('22222222', [record], true),
    make('55555555', [record, pulse], true),
  ]
  const kept = [
    make('33333333', [record], false),
    make('44444444', ['something.else'], true),
    make('not-a-mesh', [], true),
    make('66666666', [record, pulse], true),
  ]
  // Its peer has been there for hours, and lives.
  const living = join(parent, '66666666')
  utimesSync(join(living, pulse), new Date(), new Date())
  expect(await removeAbandoned(own)).toBe(3)
  expect(existsSync(join(living, record))).toBe(true)
  expect(gone.filter(existsSync)).toEqual([])
  expect([own, ...kept].filter(existsSync)).toHaveLength(5)
})
