// Owns the codec around compiled source: what the source can see, and the two calls from outside.
// Never lets anything but an EarshotError out of them.

import { EarshotError } from '../base/errors.ts'
import { isKeyed } from '../contract/check.ts'
import { fillOf } from '../contract/item-weight.ts'
import { fixedBytes } from '../contract/proto-types.ts'
import type { Shape } from '../contract/shape.ts'
import type { BodyCodec } from './codec.ts'
import type { Source } from './compile.ts'
import * as cursor from './cursor.ts'
import * as decimals from './decimal.ts'
import { makeFunction } from './prepared.ts'
import * as text from './text.ts'
import { readView, writeView } from './view.ts'

/** For each item of limits.maxItems, fields of Protobuf that may be unknown or come twice. */
const SPARE_FIELDS = 4

/** How deep the shape nests; 1 for a scalar. */
function depthOf(shape: Shape): number {
  switch (shape.kind) {
    case 'list':
      return 1 + depthOf(shape.items)
    case 'map':
      return 1 + depthOf(shape.values)
    case 'record':
      return 1 + Math.max(0, ...shape.fields.map((field) => depthOf(field.shape)))
    case 'union':
      return Math.max(0, ...shape.branches.map((branch) => depthOf(branch.record)))
    default:
      return 1
  }
}

/** Does any part of the shape pass the test? */
function someShape(shape: Shape, test: (part: Shape) => boolean): boolean {
  if (test(shape)) return true
  switch (shape.kind) {
    case 'list':
      return someShape(shape.items, test)
    case 'map':
      return someShape(shape.values, test)
    case 'record':
      return shape.fields.some((field) => someShape(field.shape, test))
    case 'union':
      return shape.branches.some((branch) => someShape(branch.record, test))
    default:
      return false
  }
}

/**
 * Makes the codec. `write` and `read` name functions (value, b, p) → p and (b, p, e) → value;
 * readers leave `at.pos` at where they stopped. `primitives` are visible to the source by name.
 */
export function assemble(
  source: Source,
  shape: Shape,
  write: string,
  read: string,
  primitives: Readonly<Record<string, unknown>>,
): BodyCodec {
  const { codec, limits } = source
  if (depthOf(shape) > limits.maxDepth) {
    throw new EarshotError('EARSHOT_SHAPE_UNSUPPORTED', 'the type nests deeper than maxDepth')
  }
  const scope: Record<string, unknown> = {
    ...cursor,
    ...decimals,
    ...text,
    ...primitives,
    isKeyed,
    readView,
    writeView,
    refuse: (thrown: unknown, value: unknown) =>
      cursor.refuseBody(codec, shape, value, limits, thrown),
    reject: (thrown: unknown) => cursor.rejectBytes(codec, thrown),
  }
  source.constants.forEach((value, index) => {
    scope[`C${index}`] = value
  })
  const hasWide = (part: Shape): boolean =>
    part.kind === 'float' || (part.kind === 'int' && (part.bigint || fixedBytes(part) > 0))
  const usesView = codec !== 'json' && someShape(shape, hasWide)
  const body = sourceText(source, Object.keys(scope), write, read, usesView)
  return makeFunction(body)(scope) as BodyCodec
}

function sourceText(
  source: Source,
  names: readonly string[],
  write: string,
  read: string,
  usesView: boolean,
): string {
  const { codec, limits, rooms } = source
  const again = `if (at.spoiled) {
      ${rooms.map((room) => `${room} = 1;`).join(' ')}
      left = ${limits.maxItems}; fill = ${fillOf(limits.maxItems)}; deep = 0;
      at.snug = true;
      end = ${write}(value, buffer, position);
    }`
  return `"use strict";
const { ${names.join(', ')} } = scope;
const codec = ${JSON.stringify(codec)};
let left = 0, fill = 0, deep = 0;
${rooms.map((room) => `let ${room} = 1;`).join(' ')}
let dv = writeView(Buffer.alloc(0));
${source.functions.join('\n')}
function encodeInto(value, buffer, position) {
  try {
    left = ${limits.maxItems}; fill = ${fillOf(limits.maxItems)}; deep = 0;
    ${usesView ? 'dv = writeView(buffer);' : ''}
    ${rooms.length > 0 ? 'at.spoiled = at.snug = false;' : ''}
    let end = ${write}(value, buffer, position);
    if (end > buffer.length) return -1;
    ${rooms.length > 0 ? again : ''}
    return end;
  } catch (thrown) { throw refuse(thrown, value); }
}
function decode(buffer, start, end) {
  try {
    if (!(start >= 0 && start <= end && end <= buffer.length)) bad("not in the buffer");
    left = ${limits.maxItems}; fill = ${fillOf(limits.maxItems)}; deep = 0;
    ${usesView ? 'dv = readView(buffer);' : ''}
    ${codec === 'protobuf' ? `at.spare = ${limits.maxItems * SPARE_FIELDS};` : ''}
    const value = ${read}(buffer, start, end);
    if (at.pos !== end) bad("the value does not end where its bytes end");
    return value;
  } catch (thrown) { throw reject(thrown); }
}
return { codec, encodeInto, decode };`
}

/** How one format writes and reads a part of a shape, as source. */
export interface Emitters {
  emitWrite(source: Source, shape: Shape, from: string): string
  emitRead(source: Source, shape: Shape, into: string): string
}

/** The codec of a format in which any body is one walk from its first byte to its last. */
export function assembleWalk(
  source: Source,
  shape: Shape,
  { emitWrite, emitRead }: Emitters,
  primitives: Readonly<Record<string, unknown>>,
): BodyCodec {
  const write = source.define('w', 'v, b, p', `${emitWrite(source, shape, 'v')}\nreturn p;`)
  const body = `let i = -1, y;
try {
${emitRead(source, shape, 'y')}
} catch (thrown) { throw tracedItem(thrown, i); }
at.pos = p;
return y;`
  const read = source.define('r', 'b, p, e', body)
  return assemble(source, shape, write, read, primitives)
}
