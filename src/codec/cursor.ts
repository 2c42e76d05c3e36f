// Owns what compiled code shares while it runs: where a read left off, and how it gives up.
// Hot path: positions. Never allocates unless bytes or values are refused.

import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { findFault } from '../contract/check.ts'
import { pointerStep } from '../contract/names.ts'
import type { Shape } from '../contract/shape.ts'
import type { CodecName } from './codec.ts'

/**
 * `pos` is where the last read primitive or decoder left off: read it right after the call.
 * `spoiled`: an encoder lost bytes that might have fitted with less room; `snug`: it tries again.
 * `spare`: how many more fields of Protobuf may be unknown, or come a second time.
 */
export const at: { pos: number; spoiled: boolean; snug: boolean; spare: number } = {
  pos: 0,
  spoiled: false,
  snug: false,
  spare: 0,
}

/** Bytes that are not what their format or shape demands; the path grows as it is thrown up. */
class DecodeFault {
  readonly reason: string
  path = ''

  constructor(reason: string) {
    this.reason = reason
  }
}

/** Thrown by encoders; the sentence is made by `refuseBody`, off the hot path. */
const encodeFault: object = Object.freeze({ wrong: true })

export function bad(reason: string): never {
  throw new DecodeFault(reason)
}

export function short(): never {
  throw new DecodeFault('the bytes end too early')
}

/** A field of Protobuf that nobody needs. Fields cost far more time than their two bytes. */
export function superfluous(): void {
  if (--at.spare < 0) throw new DecodeFault('too many fields that are unknown or come twice')
}

/** @public for compiled code. */
export function missing(): never {
  throw new DecodeFault('a required field is missing')
}

export function wrong(): never {
  throw encodeFault
}

/**
 * Adds the field, and the index when in a list, that the fault came from. @public for compiled
 * code.
 */
export function traced(thrown: unknown, name: string, index: number): unknown {
  if (!(thrown instanceof DecodeFault)) return thrown
  thrown.path = `${pointerStep(name)}${index < 0 ? '' : `/${index}`}${thrown.path}`
  return thrown
}

/** Adds the index when the list is the whole body. @public for compiled code. */
export function tracedItem(thrown: unknown, index: number): unknown {
  if (thrown instanceof DecodeFault && index >= 0) thrown.path = `/${index}${thrown.path}`
  return thrown
}

/** What a decoder throws to the world. */
export function rejectBytes(codec: CodecName, thrown: unknown): EarshotError {
  if (thrown instanceof DecodeFault) {
    const where = thrown.path === '' ? '' : ` at ${thrown.path}`
    const text = `not a valid ${codec} body: ${thrown.reason}${where}`
    return new EarshotError('EARSHOT_BYTES_INVALID', text, { path: thrown.path })
  }
  const text = `not a valid ${codec} body`
  return new EarshotError('EARSHOT_BYTES_INVALID', text, { cause: thrown })
}

/** What an encoder throws to the world: the first fault of the value, with its path. */
export function refuseBody(
  codec: CodecName,
  shape: Shape,
  value: unknown,
  { maxItems, maxDepth }: Pick<Limits, 'maxItems' | 'maxDepth'>,
  thrown: unknown,
): EarshotError {
  const cause = thrown === encodeFault ? {} : { cause: thrown }
  const fault = findFault(shape, value, { finite: codec === 'json', maxItems, maxDepth })
  if (fault === undefined) {
    return new EarshotError('EARSHOT_BODY_INVALID', 'the body changed while it was read', cause)
  }
  const { path, expected, found } = fault
  const where = path === '' ? 'the body' : path
  const text = `${where}: expected ${expected}, found ${found}`
  return new EarshotError('EARSHOT_BODY_INVALID', text, {
    path,
    data: { expected, found },
    ...cause,
  })
}
