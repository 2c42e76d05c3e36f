// Owns the numbers that a contract has, by type, and putting them to those that are locked.
// Never takes one away: what was removed from a contract keeps its number in the lock.

import { EarshotError } from '../base/errors.ts'
import type { AnyContract } from './contract.ts'
import type { LockedContract } from './lock.ts'
import { pointerStep } from './names.ts'
import { partsOf } from './null-field.ts'
import type { Shape } from './shape.ts'

type Types = Map<string, Map<string, number>>

/** The numbers of all fields, branches and symbols of a contract, by the names of their types. */
function numbersOfContract({ channels }: AnyContract): Types {
  const types: Types = new Map()
  for (const { shape, replyShape, errorShape } of channels) {
    collect(shape, types)
    if (replyShape) collect(replyShape, types)
    if (errorShape) collect(errorShape, types)
  }
  return types
}

function collect(shape: Shape, types: Types): void {
  switch (shape.kind) {
    case 'list':
      collect(shape.items, types)
      return
    case 'map':
      collect(shape.values, types)
      return
    case 'enum':
      shape.symbols.forEach((symbol, index) => {
        put(types, shape.name, symbol, shape.numbers[index] as number)
      })
      return
    case 'record':
      for (const { name, tag } of partsOf(shape)) put(types, shape.name, name, tag)
      for (const { shape: inner } of shape.fields) collect(inner, types)
      return
    case 'union':
      for (const { literal, tag, record } of shape.branches) {
        put(types, shape.name, literal, tag)
        collect(record, types)
      }
  }
}

/** @throws EARSHOT_LOCK_INVALID when two types of one name number a part in two ways */
function put(types: Types, type: string, part: string, number: number): void {
  const parts = types.get(type) ?? new Map<string, number>()
  const known = parts.get(part)
  if (known !== undefined && known !== number) {
    const path = `${type}/${part}`
    const text = `two types called ${type} have "${part}" as ${known} and as ${number}`
    const hint = 'give one another name: Type.Object(…, { name })'
    throw new EarshotError('EARSHOT_LOCK_INVALID', `${text}; ${hint}`, { path })
  }
  types.set(type, parts.set(part, number))
}

/** The first name whose number the lock does not have, as `Order/sku`; undefined when none. */
export function firstUnlocked(locked: LockedContract, contract: AnyContract): string | undefined {
  for (const [type, names] of numbersOfContract(contract)) {
    const known = new Map(Object.entries(locked.numbers[type] ?? {}))
    for (const [name, number] of names) {
      if (known.get(name) !== number) return type + pointerStep(name)
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
  for (const [type, names] of numbersOfContract(contract)) {
    const known = new Map(Object.entries(merged.get(type) ?? {}))
    const owners = new Map([...known].map(([name, number]) => [number, name]))
    for (const [name, number] of names) {
      const was = known.get(name)
      const owner = owners.get(number)
      if ((was !== undefined && was !== number) || (owner !== undefined && owner !== name)) {
        const told = was === undefined ? `the number of "${owner}"` : `locked as ${was}`
        const path = type + pointerStep(name)
        const text = `${path} in ${contract.name} has the number ${number}, but is ${told}`
        const hint = 'hand the lock to the contract: contract(…, { lock })'
        throw new EarshotError('EARSHOT_LOCK_INVALID', `${text}; ${hint}`, { path })
      }
      known.set(name, number)
      owners.set(number, name)
    }
    merged.set(type, Object.fromEntries([...known].sort((a, b) => a[1] - b[1])))
  }
  return Object.fromEntries([...merged].sort(([a], [b]) => (a < b ? -1 : 1)))
}
