// Owns the errors that a channel declares: their shape, making one, telling one from another.
// Never sends one: patterns do. On the wire they are a record with a field for each error.

import type { TSchema } from 'typebox'
import { EarshotError, isEarshotError } from '../base/errors.ts'
import { type Channel, type ChannelKind, canFail, type ErrorTypes } from './channel.ts'
import { shapeOf } from './from-typebox.ts'
import type { Numbering } from './schema.ts'
import type { RecordShape, Shape } from './shape.ts'

const NAME = /^[A-Z][A-Za-z0-9]{0,63}$/
/** Whatever goes wrong in a handler by accident has one of these names. */
const BUILT_IN = /^(Eval|Range|Reference|Syntax|Type|URI|Aggregate|System|Abort|Earshot)?Error$/
const MAX_ERRORS = 64
const ORIGIN = Symbol.for('earshot.error.channel')

/** An error that the contract declares, as its caller gets it: `name` tells which, `data` more. */
export type DeclaredError<E> = {
  readonly [N in keyof E & string]: EarshotError & {
    readonly code: 'EARSHOT_DECLARED'
    readonly name: N
    readonly data: E[N]
  }
}[keyof E & string]

/**
 * Is this one of the errors that the channel declares? Then `error.name` tells which it is, and
 * `error.data` is typed by it.
 */
export function isDeclared<E>(
  channel: Channel<ChannelKind, unknown, unknown, E>,
  error: unknown,
): error is DeclaredError<E> {
  if (!isEarshotError(error) || error.code !== 'EARSHOT_DECLARED') return false
  return (error as { [ORIGIN]?: unknown })[ORIGIN] === channel.key
}

/** The error of that name; what its data must be is checked when it leaves. */
export function declaredError(
  name: string,
  data: unknown,
  message: string = `the contract's error ${name}`,
): EarshotError {
  const given = data as Readonly<Record<string, unknown>>
  return new EarshotError('EARSHOT_DECLARED', message, { name, data: given })
}

/** As its caller gets it: `isDeclared` knows it from now on as one of that channel. */
export function receivedError(
  key: string,
  name: string,
  data: unknown,
  message: string,
): EarshotError {
  const error = declaredError(name, data, message)
  Object.defineProperty(error, ORIGIN, { value: key })
  return error
}

/** What a handler threw, if its channel declares it: anything with that `name`, and `data`. */
export interface Thrown {
  readonly name: string
  readonly message: string
  /** As the error shape has it. */
  readonly body: Readonly<Record<string, unknown>>
}

export function thrownError({ errorShape }: Channel, thrown: unknown): Thrown | undefined {
  if (errorShape === undefined || typeof thrown !== 'object' || thrown === null) return undefined
  try {
    const { name, message, data } = thrown as Readonly<Record<string, unknown>>
    const isKnown = errorShape.fields.some((field) => field.name === name)
    if (typeof name !== 'string' || !isKnown || typeof data !== 'object') return undefined
    return { name, message: typeof message === 'string' ? message : name, body: { [name]: data } }
  } catch {
    // It throws when it is looked at, and declares nothing.
    return undefined
  }
}

/** The one error that a body of the error shape holds; undefined for one that we do not know. */
export function errorIn(
  { fields }: RecordShape,
  body: unknown,
): { readonly name: string; readonly data: unknown } | undefined {
  const given = body as Readonly<Record<string, unknown>>
  const field = fields.find(({ name }) => given[name] !== undefined)
  return field && { name: field.name, data: given[field.name] }
}

/** What a channel that declares none has, beside one that does. */
export function noErrors({ name }: RecordShape): RecordShape {
  return { kind: 'record', name, fields: [] }
}

/**
 * The shape of the errors that a draft declares.
 * @throws EARSHOT_CONTRACT_INVALID, EARSHOT_SHAPE_UNSUPPORTED
 */
export function errorShapeOf(
  where: string,
  errors: ErrorTypes,
  name: string,
  locked: Numbering,
): RecordShape | undefined {
  if (typeof errors !== 'object' || errors === null) {
    throw invalid(`channel ${where} has errors that are no object: { OutOfStock: Type.Object(…) }`)
  }
  if (Object.keys(errors).length === 0) return undefined
  const schema = { type: 'object', properties: errors, required: [] } as unknown as TSchema
  return shapeOf(schema, name, locked) as RecordShape
}

/** @throws EARSHOT_CONTRACT_INVALID */
export function checkErrors(where: string, kind: ChannelKind, shape: Shape | undefined): void {
  if (shape === undefined) return
  if (!canFail(kind))
    throw invalid(`channel ${where} has errors: nobody waits for those of a ${kind}`)
  if (shape.kind !== 'record' || shape.fields.length > MAX_ERRORS) {
    throw invalid(`channel ${where} has errors that are no record of up to ${MAX_ERRORS}`)
  }
  for (const { name } of shape.nulls ?? []) {
    throw invalid(`channel ${where}: the data of the error ${name} is made with Type.Object()`)
  }
  for (const { name, shape: data, optional } of shape.fields) {
    if (!NAME.test(name) || BUILT_IN.test(name)) {
      throw invalid(`channel ${where} has an error "${name}": a name of its own, like OutOfStock`)
    }
    if (data.kind !== 'record' || !optional) {
      throw invalid(`channel ${where}: the data of the error ${name} is made with Type.Object()`)
    }
  }
}

function invalid(message: string): EarshotError {
  return new EarshotError('EARSHOT_CONTRACT_INVALID', message)
}
