// Owns reading what a writer of another minor version wrote: as the reader's value, in any codec.
// Never guesses: what cannot be read is said when the two meet, not at the first message.

import { dropOldest } from '../base/drop-oldest.ts'
import { EarshotError } from '../base/errors.ts'
import { defaultLimits, type Limits } from '../base/limits.ts'
import { shapeId } from '../contract/canonical.ts'
import { faultsBetween } from '../contract/faults.ts'
import { checkShape } from '../contract/given.ts'
import { linked } from '../contract/link.ts'
import type { Shape } from '../contract/shape.ts'
import type { BodyCodec, CodecName } from './codec.ts'
import { Source } from './compile.ts'
import * as cursor from './cursor.ts'
import { formatOf } from './formats.ts'
import { makeFunction } from './prepared.ts'
import { defineProjection } from './project.ts'

/** The reading half of a codec. */
export type BodyReader<T = unknown> = Pick<BodyCodec<T>, 'codec' | 'decode'>

/**
 * A decoder for bytes that a holder of `writer` wrote, giving values of `reader`: what the writer
 * does not send is filled by the reader's defaults, what it left out by its own; unknown fields are
 * skipped. Bounds are the writer's: it promises no more than its own version says.
 * @throws EARSHOT_CONTRACT_MISMATCH with the path of the field that cannot be read
 */
export function resolve(
  codec: CodecName,
  writer: Shape,
  reader: Shape,
  limits: Limits = defaultLimits,
): BodyReader {
  checkShape(writer, '/writer')
  checkShape(reader, '/reader')
  refuseFaults(writer, reader)
  const written = formatOf(codec).compile(writer, limits)
  const source = new Source(codec, limits)
  const name = defineProjection(source, linked(writer), linked(reader))
  if (name === undefined) return written
  const scope: Record<string, unknown> = { ...cursor, written }
  scope.reject = (thrown: unknown) =>
    thrown instanceof EarshotError ? thrown : cursor.rejectBytes(codec, thrown)
  source.constants.forEach((value, index) => {
    scope[`C${index}`] = value
  })
  const text = `"use strict";
const { ${Object.keys(scope).join(', ')} } = scope;
const codec = ${JSON.stringify(codec)};
${source.functions.join('\n')}
function decode(buffer, start, end) {
  const value = written.decode(buffer, start, end);
  try { return ${name}(value); } catch (thrown) { throw reject(thrown); }
}
return { codec, decode };`
  return makeFunction(text)(scope) as BodyReader
}

function refuseFaults(writer: Shape, reader: Shape): void {
  const fault = faultsBetween(writer, reader).find(({ healing }) => healing === 'none')
  if (!fault) return
  const { path, reason } = fault
  const text = `messages of the other version cannot be read: ${path || 'the body'}: ${reason}`
  throw new EarshotError('EARSHOT_CONTRACT_MISMATCH', text, { path })
}

/** Resolved decoders by codec and shapes: made once, and no more of them than `limits` allows. */
export class Resolvers {
  readonly #limits: Limits
  readonly #known = new Map<string, BodyReader>()

  constructor(limits: Limits = defaultLimits) {
    this.#limits = limits
  }

  /** As `resolve`. @throws EARSHOT_CONTRACT_MISMATCH */
  get(codec: CodecName, writer: Shape, reader: Shape): BodyReader {
    const key = `${codec}/${idOf(writer)}/${idOf(reader)}`
    const known = this.#known.get(key) ?? resolve(codec, writer, reader, this.#limits)
    // The one used last stands last: the first is the one to go.
    this.#known.delete(key)
    this.#known.set(key, known)
    dropOldest(this.#known, this.#limits.maxResolvers)
    return known
  }

  get size(): number {
    return this.#known.size
  }
}

const ids = new WeakMap<Shape, string>()

function idOf(shape: Shape): string {
  const known = ids.get(shape) ?? shapeId(shape)
  ids.set(shape, known)
  return known
}
