// Owns where a reader of a shape's JSON is, and taking plain parts of it: names, numbers, lists.
// Never trusts one: each is refused with its path.

import { isObject } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'
import { isName, isWireName, pointerStep } from './names.ts'

export interface Place {
  readonly path: string
  readonly depth: number
  readonly budget: { parts: number }
  /** Records and unions around it. */
  readonly around: ReadonlySet<string>
}

export type Json = Readonly<Record<string, unknown>>

export function fail(path: string, what: string): never {
  const text = `not a shape${path === '' ? '' : ` at ${path}`}: ${what}`
  throw new EarshotError('EARSHOT_BYTES_INVALID', text, { path })
}

export function down(place: Place, ...steps: (string | number)[]): Place {
  const path = place.path + steps.map(pointerStep).join('')
  return { ...place, path, depth: place.depth + 1 }
}

export function objectAt(json: unknown, place: Place): Json {
  return isObject(json) ? json : fail(place.path, 'not an object')
}

export function oneOf<T>(allowed: readonly T[], value: unknown, place: Place, key: string): T {
  if (!allowed.includes(value as T)) fail(place.path + pointerStep(key), 'not one of the choices')
  return value as T
}

export function flagAt(data: Json, key: string, place: Place): boolean {
  return oneOf([true, false], data[key], place, key)
}

export function numberAt<K extends string>(
  data: Json,
  key: K,
  place: Place,
): { [N in K]?: number } {
  const value = data[key]
  if (value === undefined) return {}
  if (!Number.isFinite(value)) fail(place.path + pointerStep(key), 'not a number')
  return { [key]: value as number } as { [N in K]?: number }
}

export function countAt<K extends string>(data: Json, key: K, place: Place): { [N in K]?: number } {
  const value = data[key]
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 0)) {
    fail(place.path + pointerStep(key), 'not a count')
  }
  return numberAt(data, key, place)
}

export function nameAt(data: Json, key: string, place: Place): string {
  const name = data[key]
  if (typeof name !== 'string' || !isName(name)) fail(place.path + pointerStep(key), 'not a name')
  return name
}

export function wireNameAt(data: Json, key: string, place: Place): string {
  const name = data[key]
  if (typeof name !== 'string' || !isWireName(name)) {
    fail(place.path + pointerStep(key), 'not a name of letters, digits and underscore')
  }
  return name
}

export function listAt(data: Json, key: string, place: Place): readonly unknown[] {
  const list = data[key]
  if (!Array.isArray(list)) fail(place.path + pointerStep(key), 'not a list')
  place.budget.parts -= list.length
  if (place.budget.parts < 0) fail(place.path + pointerStep(key), 'too many parts')
  return list
}

/** Refuses the second of a kind. */
export function fresh<T>(seen: Set<T>, value: T, path: string, what: string): T {
  if (seen.has(value)) fail(path, `${what} that is taken`)
  seen.add(value)
  return value
}
