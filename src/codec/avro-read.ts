// Owns the source of Avro decoders. Guards are inside: counts against bytes left, indexes, ranges.
// Never resolves between two shapes: reader and writer hold the same one.

import { refuseAny } from '../contract/any.ts'
import { itemWeight } from '../contract/item-weight.ts'
import { resolved, targetOf } from '../contract/link.ts'
import type { FieldShape, RecordShape, Shape, UnionShape } from '../contract/shape.ts'
import {
  countRecord,
  emitConstraints,
  emitFinish,
  emitListBounds,
  emitTraced,
  enterRead,
  intTest,
  isAbsentable,
  leave,
  type Source,
} from './compile.ts'
import { emitFloatReads, isFloatRun } from './float-runs.ts'

/**
 * The fewest bytes that a value of the shape can have; 0 for a record without fields. What contains
 * itself has somewhere a list, a union or an optional field: 1 at least.
 */
function leastBytes(shape: Shape): number {
  switch (shape.kind) {
    case 'float':
      return shape.bits / 8
    case 'bytes':
      return shape.length ?? 1
    case 'decimal':
      return shape.length ?? 2
    case 'record':
      return shape.fields.reduce((sum, field) => {
        return sum + (isAbsentable(field) ? 1 : leastBytes(field.shape))
      }, 0)
    case 'union':
      return 1 + Math.min(...shape.branches.map((branch) => leastBytes(branch.record)))
    default:
      return 1
  }
}

/** Statements that read one value at p into `y` and move p. */
export function emitRead(source: Source, shape: Shape, y: string): string {
  const check = emitConstraints(source, shape, y)
  switch (shape.kind) {
    case 'bool':
      return `if (p >= e) short();
if (b[p] > 1) bad("not a boolean");
${y} = b[p++] === 1;`
    case 'int':
      if (shape.bigint) return `${y} = readBigZigZag(b, p, e); p = at.pos;\n${check}`
      return `if (p < e && b[p] < 128) { ${y} = (b[p] >>> 1) ^ -(b[p] & 1); p++; }
else { ${y} = readZigZag(b, p, e); p = at.pos; }
if (!(${intTest(shape, y)})) bad("not an integer in range");`
    case 'float': {
      const [size, name] = shape.bits === 32 ? [4, 'getFloat32'] : [8, 'getFloat64']
      return `if (p + ${size} > e) short();
${y} = dv.${name}(p, true); p += ${size};\n${check}`
    }
    case 'string':
    case 'bytes': {
      if (shape.kind === 'bytes' && shape.length !== undefined) return readFixed(shape.length, y)
      const n = source.fresh('n')
      const read = shape.kind === 'string' ? 'readUtf8' : 'copyBytes'
      return `let ${n};
if (p < e && (b[p] & 129) === 0) ${n} = b[p++] >> 1;
else { ${n} = readZigZag(b, p, e); p = at.pos; }
if (${n} < 0 || ${n} > e - p) bad("a length beyond the bytes that are left");
${y} = ${read}(b, p, ${n}); p += ${n};\n${check}`
    }
    case 'decimal':
      return `${y} = readDecimal(b, p, e, ${source.decimal(shape)}); p = at.pos;`
    case 'enum': {
      const k = source.fresh('k')
      return `const ${k} = readZigZag(b, p, e); p = at.pos;
if (!(${k} >= 0 && ${k} < ${shape.symbols.length})) bad("not in the enum");
${y} = ${source.constant(shape.symbols)}[${k}];`
    }
    case 'list':
      return readList(source, shape, y)
    case 'map':
      return readMap(source, shape, y)
    case 'record':
      return `${y} = ${readRecord(source, shape, [])}(b, p, e); p = at.pos;`
    case 'union':
      return readUnion(source, shape, y, 0)
    case 'any':
      return refuseAny()
    case 'ref':
      return emitRead(source, targetOf(shape), y)
  }
}

function readFixed(size: number, y: string): string {
  return `if (${size} > e - p) short();\n${y} = copyBytes(b, p, ${size}); p += ${size};`
}

/** A loop over blocks; `body` reads as many items as it is told, after a key of least size. */
function emitBlocks(
  source: Source,
  items: Shape,
  body: (count: string) => string,
  key = 0,
): string {
  const least = key + leastBytes(items)
  const n = source.fresh('n')
  return `for (;;) {
let ${n};
if (p < e && (b[p] & 129) === 0 && (b[p] >> 1) * ${least} <= e - p - 1) ${n} = b[p++] >> 1;
else { ${n} = readBlockCount(b, p, e, ${least}); p = at.pos; }
if (${n} === 0) break;
if ((left -= ${n} * ${itemWeight(items)}) < 0) bad("more items than limits.maxItems");
${body(n)}
}`
}

function readList(source: Source, shape: Shape & { kind: 'list' }, y: string): string {
  const [m, t, z] = [source.fresh('m'), source.fresh('t'), source.fresh('z')]
  const { items } = shape
  // The count times the size of a float has been checked: no item needs a look at the end.
  const read = isFloatRun(source, items)
    ? emitFloatReads(items, { littleEndian: true }, { y, from: m, to: t })
    : `for (; ${m} < ${t}; ${m}++) {
i = ${m};
let ${z};
${emitRead(source, items, z)}
${y}[${m}] = ${z};
}`
  const body = (count: string): string => `if (${m} === 0) ${y} = new Array(${count});
const ${t} = ${m} + ${count};
${read}`
  const blocks = emitBlocks(source, items, body)
  const head = `${enterRead(source)}\nlet ${m} = 0;\n${y} = [];`
  return `${head}\n${blocks}\ni = -1;\n${emitListBounds(shape, m)}\n${leave(source)}`
}

function readMap(source: Source, shape: Shape & { kind: 'map' }, y: string): string {
  const [j, n, z, key] = [
    source.fresh('j'),
    source.fresh('n'),
    source.fresh('z'),
    source.fresh('k'),
  ]
  const body = (count: string): string => `for (let ${j} = 0; ${j} < ${count}; ${j}++) {
const ${n} = readZigZag(b, p, e); p = at.pos;
if (${n} < 0 || ${n} > e - p) bad("a length beyond the bytes that are left");
const ${key} = readUtf8(b, p, ${n}); p += ${n};
if (${key} === "__proto__") bad("a key called __proto__");
let ${z};
${emitRead(source, shape.values, z)}
${y}[${key}] = ${z};
}`
  const head = `${enterRead(source)}\n${y} = {};`
  return `${head}\n${emitBlocks(source, shape.values, body, 1)}\n${leave(source)}`
}

function readRecord(
  source: Source,
  record: RecordShape,
  extra: readonly (readonly [string, string])[],
): string {
  return source.once(record, ['r', 'b, p, e', extra.join()], () => {
    const vars = record.fields.map(() => source.fresh('v'))
    const lines = vars.length === 0 ? [] : [`let ${vars.join(', ')};`]
    lines.push(enterRead(source), countRecord(record))
    record.fields.forEach((field, index) => {
      lines.push(`f = ${index};\n${readField(source, field, vars[index] as string)}`)
    })
    lines.push(leave(source), 'at.pos = p;', emitFinish(record, vars, extra))
    return emitTraced(source, record, lines.join('\n'))
  })
}

function readField(source: Source, field: FieldShape, v: string): string {
  if (!isAbsentable(field)) return `{\n${emitRead(source, field.shape, v)}\n}`
  const { first, none } = branchesOf(field)
  const shape = resolved(field.shape)
  if (shape.kind === 'union') return `{\n${readUnion(source, shape, v, first, none)}\n}`
  return `if (p >= e) short();
if (b[p] === ${first * 2}) { p++;\n${emitRead(source, field.shape, v)}\n}
else if (b[p++] !== ${none * 2}) bad("not a branch of the union");`
}

/** The index of the first branch that is not null, and that of null. */
export function branchesOf(field: FieldShape): { first: 0 | 1; none: number } {
  if (field.nullLast !== true) return { first: 1, none: 0 }
  const shape = resolved(field.shape)
  return { first: 0, none: shape.kind === 'union' ? shape.branches.length : 1 }
}

/** `first` is the index of the first branch, `none` that of null where it may be. */
function readUnion(
  source: Source,
  shape: UnionShape,
  y: string,
  first: 0 | 1,
  none?: number,
): string {
  const k = source.fresh('k')
  const cases = shape.branches.map((branch, index) => {
    const extra = [[shape.discriminator, JSON.stringify(branch.literal)]] as const
    const reader = readRecord(source, branch.record, extra)
    return `case ${index + first}: ${y} = ${reader}(b, p, e); p = at.pos; break;`
  })
  if (none !== undefined) cases.push(`case ${none}: break;`)
  return `const ${k} = readZigZag(b, p, e); p = at.pos;
switch (${k}) {\n${cases.join('\n')}\ndefault: bad("not a branch of the union");\n}`
}
