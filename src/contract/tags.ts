// Owns the numbers of fields, branches and symbols: as written, as locked, or the next one free.
// Never takes a number twice, nor one that the lock file gave to another name.

import { isTag, maxTag } from './names.ts'
import { type Place, type Schema, unsupported } from './schema.ts'

/** Numbers for named parts: the `tag` keyword, the lock file, or the next number that is free. */
export function tagsOf(
  parts: readonly (readonly [name: string, schema: unknown])[],
  place: Place,
  typeName: string,
): Map<string, number> {
  const written = parts.map(([name, schema]) => {
    const tag = (schema as Schema | undefined)?.tag
    if (tag !== undefined && !isTag(tag)) {
      throw unsupported(place.path, `the tag ${String(tag)} of "${name}"`, everyone)
    }
    return [name, tag as number | undefined] as const
  })
  return numbersOf(written, place, typeName)
}

const everyone = 'give each a number of its own from 1 to 18999'

/** Numbers for names of which some have one already. */
export function numbersOf(
  parts: readonly (readonly [name: string, number: number | undefined])[],
  place: Place,
  typeName: string,
): Map<string, number> {
  const locked = place.locked?.(typeName) ?? new Map<string, number>()
  const owners = new Map([...locked].map(([name, number]) => [number, name]))
  const numbers = new Map<string, number>()
  const taken = new Set<number>(locked.values())
  const given = new Set<number>()
  for (const [name, written] of parts) {
    const number = written ?? locked.get(name)
    if (number === undefined) continue
    const owner = owners.get(number)
    const known = locked.get(name)
    if ((owner !== undefined && owner !== name) || (known !== undefined && known !== number)) {
      const was = known === undefined ? `belongs to "${owner}"` : `is ${known}`
      const what = `the number ${number} of "${name}", which ${was} in the lock file`
      throw unsupported(place.path, what, 'numbers are never changed or used again: leave it out')
    }
    if (given.has(number)) {
      throw unsupported(place.path, `the tag ${number} of "${name}"`, everyone)
    }
    given.add(number)
    taken.add(number)
    numbers.set(name, number)
  }
  // Behind all that were ever locked: a number in a gap was perhaps another field's once.
  let next = Math.max(0, ...locked.values()) + 1
  for (const [name] of parts) {
    if (numbers.has(name)) continue
    while (taken.has(next) || (next <= maxTag && !isTag(next))) next++
    if (next > maxTag) throw unsupported(place.path, 'a number beyond the largest', everyone)
    taken.add(next)
    numbers.set(name, next)
  }
  return numbers
}
