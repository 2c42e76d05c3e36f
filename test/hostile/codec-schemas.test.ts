// Schemas, lock files and descriptions from strangers: whatever is in them, the answer is a shape
// or a typed error, soon.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Orders } from '../../schemas/orders.ts'
import { isEarshotError } from '../../src/base/errors.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import { contractFromDescription } from '../../src/contract/from-description.ts'
import { fromProto } from '../../src/contract/from-proto.ts'
import { checkLock } from '../../src/contract/lock-check.ts'
import { seed } from '../codec/arbitrary.ts'

const mutants = 3_000
const text = (path: string): string => {
  return readFileSync(new URL(`../../schemas/${path}`, import.meta.url), 'utf8')
}

/** Pieces that mean much to one reader or another. */
const telling = [
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '\\',
  '\n',
  '/*',
  '*/',
  '//',
  '(',
  ')',
  '<',
  ',',
  ';',
]
telling.push(
  'null',
  '0',
  '-1',
  '1e999',
  '"__proto__"',
  'map<',
  'oneof x {',
  'stream ',
  'import "a";',
)
telling.push('message A { A a = 1; }', '\u0000', '\ud800', '99999999999999999999', 'constructor')

let state = seed >>> 0
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 4_294_967_296) * below)
}

function mutated(source: string): string {
  let changed = source
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(changed.length + 1)
    const piece = telling[random(telling.length)] as string
    switch (random(4)) {
      case 0:
        changed = changed.slice(0, at) + piece + changed.slice(at)
        break
      case 1:
        changed = changed.slice(0, at) + changed.slice(at + 1 + random(20))
        break
      case 2:
        changed = changed.slice(0, at) + piece + changed.slice(at + piece.length)
        break
      default: {
        const from = random(changed.length)
        changed = changed.slice(0, at) + changed.slice(from, from + 40) + changed.slice(at)
      }
    }
  }
  return changed
}

/** Parsed where that is possible: the reader behind it is what is looked at. */
function parsed(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch {
    return source
  }
}

test.each<[string, string, (source: string) => unknown]>([
  ['.proto files', text('proto/shop.orders.proto'), (one) => fromProto(one)],
  [
    '.proto files, in part',
    text('proto/lab.sensors.proto'),
    (one) => fromProto(one, { partial: true }),
  ],
  ['Avro schemas', text('avro/shop.orders.place.avsc'), (one) => fromAvro(one)],
  ['lock files', text('orders.lock.json'), (one) => checkLock(parsed(one), Orders)],
  [
    'descriptions',
    JSON.stringify({
      name: 'a',
      ...JSON.parse(text('orders.lock.json')).contracts['shop.orders/1'].versions[1],
    }),
    (one) => contractFromDescription(parsed(one)),
  ],
])(`mutated %s are read or refused with a code (EARSHOT_SEED=${seed})`, (_, source, read) => {
  let refused = 0
  let slowest = 0
  for (let count = 0; count < mutants; count++) {
    const mutant = mutated(source)
    const start = process.cpuUsage()
    try {
      read(mutant)
    } catch (error) {
      if (!isEarshotError(error) || error.code === 'EARSHOT_INTERNAL') throw error
      refused++
    }
    const { user, system } = process.cpuUsage(start)
    slowest = Math.max(slowest, (user + system) / 1_000)
  }
  expect(refused).toBeGreaterThan(mutants / 10)
  expect(slowest).toBeLessThan(500)
})
