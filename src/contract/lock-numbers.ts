// Owns the numbers that a contract has, by place, and putting them to those that are locked.
// Never takes one away: what was removed from a contract keeps its number in the lock.

import { EarshotError } from '../base/errors.ts'
import type { AnyContract } from './contract.ts'
import { type LockedContract, lockPlace } from './lock.ts'
import { pointerStep } from './names.ts'
import type { Shape } from './shape.ts'

type Places = Map<string, Map<string, number>>

/** The numbers of all fields, branches and symbols of a contract. */
function numbersOfContract({ channels }: AnyContract): Places {
  const places: Places = new Map()
  for (const { name, shape, replyShape } of channels) {
    collect(shape, lockPlace(name, 'body'), places)
    if (replyShape) collect(replyShape, lockPlace(name, 'reply'), places)
  }
  return places
}

function collect(shape: Shape, place: string, places: Places): void {
  switch (shape.kind) {
    case 'list':
      collect(shape.items, `${place}/item`, places)
      return
    case 'map':
      collect(shape.values, `${place}/value`, places)
      return
    case 'enum':
      places.set(
        place,
        new Map(shape.symbols.map((symbol, index) => [symbol, shape.numbers[index] as number])),
      )
      return
    case 'record':
      places.set(place, new Map(shape.fields.map(({ name, tag }) => [name, tag])))
      for (const field of shape.fields) {
        collect(field.shape, place + pointerStep(field.name), places)
      }
      return
    case 'union':
      places.set(place, new Map(shape.branches.map(({ literal, tag }) => [literal, tag])))
      for (const { literal, record } of shape.branches) {
        collect(record, place + pointerStep(literal), places)
      }
  }
}

/** The first name whose number the lock does not have, as `place/name`; undefined when none. */
export function firstUnlocked(locked: LockedContract, contract: AnyContract): string | undefined {
  for (const [place, names] of numbersOfContract(contract)) {
    const known = new Map(Object.entries(locked.numbers[place] ?? {}))
    for (const [name, number] of names) {
      if (known.get(name) !== number) return place + pointerStep(name)
    }
  }
  return undefined
}

/**
 * The locked numbers with those of the contract added.
 * @throws EARSHOT_LOCK_INVALID when the contract has other numbers than the lock gave
 */
export function mergeNumbers(
  locked: LockedContract['numbers'],
  contract: AnyContract,
): LockedContract['numbers'] {
  const merged = new Map(Object.entries(locked))
  for (const [place, names] of numbersOfContract(contract)) {
    const known = new Map(Object.entries(merged.get(place) ?? {}))
    const owners = new Map([...known].map(([name, number]) => [number, name]))
    for (const [name, number] of names) {
      const was = known.get(name)
      const owner = owners.get(number)
      if ((was !== undefined && was !== number) || (owner !== undefined && owner !== name)) {
        const told = was === undefined ? `the number of "${owner}"` : `locked as ${was}`
        const path = place + pointerStep(name)
        const text = `${path} in ${contract.name} has the number ${number}, but is ${told}`
        const hint = 'hand the lock to the contract: contract(…, { lock })'
        throw new EarshotError('EARSHOT_LOCK_INVALID', `${text}; ${hint}`, { path })
      }
      known.set(name, number)
      owners.set(number, name)
    }
    merged.set(place, Object.fromEntries([...known].sort((a, b) => a[1] - b[1])))
  }
  return Object.fromEntries([...merged].sort(([a], [b]) => (a < b ? -1 : 1)))
}
