// Owns the source of Protobuf decoders: fields expected in tag order, a loop for any other order.
// Never merges: of a field that comes twice the last wins, as for scalars.

import { itemWeight } from '../contract/item-weight.ts'
import { resolved } from '../contract/link.ts'
import {
  canBeNegative,
  fixedBytes,
  isImplicit,
  isPacked,
  isPlainInt,
  isWrapped,
  wireTypeOf,
  zeroOf,
  zeroSource,
} from '../contract/proto-types.ts'
import type {
  EnumShape,
  FieldShape,
  IntShape,
  RecordShape,
  Shape,
  UnionShape,
} from '../contract/shape.ts'
import {
  countRecord,
  emitConstraints,
  emitFinish,
  emitListBounds,
  emitTraced,
  emitUnknown,
  enterRead,
  intTest,
  leave,
  type Source,
} from './compile.ts'
import { emitFloatReads, isFloatRun } from './float-runs.ts'

type Extra = readonly (readonly [key: string, source: string])[]

/** Symbols with numbers up to this are found by index. */
const denseEnum = 256

/** Defines (b, p, e) → value, which reads the content of a message up to e. */
export function defineReader(source: Source, given: Shape, extra: Extra): string {
  const shape = resolved(given)
  return source.once(shape, ['r', 'b, p, e', extra.join()], () => {
    if (shape.kind === 'record') return readRecord(source, shape, extra)
    return shape.kind === 'union' ? readUnion(source, shape) : readWrapper(source, shape)
  })
}

/** Statements that read one value without tag at p into `y` and move p. */
function emitValue(source: Source, shape: Shape, y: string, extra: Extra = []): string {
  const check = emitConstraints(source, shape, y)
  switch (shape.kind) {
    case 'bool':
      return `${y} = readVar(b, p, e) !== 0; p = at.pos;`
    case 'int': {
      const test = `if (!(${intTest(shape, y)})) bad("not an integer in range");`
      if (fixedBytes(shape) > 0) return emitFixed(shape, y)
      const isSigned = isPlainInt(shape) && canBeNegative(shape)
      const kind = isSigned ? 'SignedVar' : isPlainInt(shape) ? 'Var' : 'ZigZag'
      if (shape.bigint)
        return `${y} = readBig${isPlainInt(shape) ? 'Var' : 'ZigZag'}(b, p, e); p = at.pos;
${test}`
      const small = isPlainInt(shape)
        ? `${y} = b[p++];`
        : `{ ${y} = (b[p] >>> 1) ^ -(b[p] & 1); p++; }`
      return `if (p < e && b[p] < 128) ${small}
else { ${y} = read${kind}(b, p, e); p = at.pos; }
${test}`
    }
    case 'float': {
      const size = shape.bits / 8
      return `if (p + ${size} > e) short();
${y} = dv.getFloat${shape.bits}(p, true); p += ${size};\n${check}`
    }
    case 'string':
    case 'bytes': {
      const n = source.fresh('n')
      const read = shape.kind === 'string' ? 'readUtf8' : 'copyBytes'
      return `const ${n} = readSize(b, p, e); p = at.pos;
${y} = ${read}(b, p, ${n}); p += ${n};\n${check}`
    }
    case 'decimal': {
      const n = source.fresh('n')
      return `const ${n} = readSize(b, p, e); p = at.pos;
${y} = fromDecimal(readUtf8(b, p, ${n}), ${source.decimal(shape)}); p += ${n};`
    }
    case 'enum':
      return `${y} = ${emitSymbol(source, shape, 'readVar(b, p, e)')}; p = at.pos;
if (${y} === undefined) { ${emitUnknown(shape, y, 'true')} }`
    default: {
      const n = source.fresh('n')
      const reader = defineReader(source, shape, extra)
      return `const ${n} = readSize(b, p, e); p = at.pos;
${y} = ${reader}(b, p, p + ${n}); p += ${n};`
    }
  }
}

function emitFixed(shape: IntShape, y: string): string {
  const size = fixedBytes(shape)
  const sign = shape.proto?.startsWith('s') ? 'Int' : 'Uint'
  const big = `dv.getBig${sign}64(p, true)`
  const read = size === 4 ? `dv.get${sign}32(p, true)` : shape.bigint ? big : `Number(${big})`
  return `if (p + ${size} > e) short();
${y} = ${read}; p += ${size};
if (!(${intTest(shape, y)})) bad("not an integer in range");`
}

function emitSymbol(source: Source, shape: EnumShape, number: string): string {
  if (Math.max(...shape.numbers) > denseEnum) {
    const pairs = shape.symbols.map((symbol, index) => [shape.numbers[index], symbol] as const)
    return `${source.constant(new Map(pairs))}.get(${number})`
  }
  const table: (string | undefined)[] = new Array(Math.max(...shape.numbers) + 1).fill(undefined)
  shape.symbols.forEach((symbol, index) => {
    table[shape.numbers[index] as number] = symbol
  })
  return `${source.constant(table)}[${number}]`
}

/** What a field accepts: a wire type, and the statements for one occurrence after the tag. */
interface Arm {
  readonly wireType: number
  readonly read: string
}

/** A list is accepted packed and not, whatever the writer chose. */
function armsOf(source: Source, shape: Shape, v: string, isBoxed: boolean): Arm[] {
  if (isBoxed || (shape.kind !== 'list' && shape.kind !== 'map')) {
    return [{ wireType: wireTypeOf(shape), read: emitValue(source, shape, v) }]
  }
  if (shape.kind === 'map') return [{ wireType: 2, read: readPair(source, shape.values, v) }]
  const z = source.fresh('z')
  const { items } = shape
  const one = `if (${v} === undefined) ${v} = [];
if ((left -= ${itemWeight(items)}) < 0) bad("more items than limits.maxItems");
i = ${v}.length;
${enterRead(source)}
let ${z};
${emitValue(source, items, z)}
${v}.push(${z}); i = -1; ${leave(source)}`
  const single = { wireType: wireTypeOf(items), read: one }
  if (!isPacked(items)) return [single]
  const packed = { wireType: 2, read: readPacked(source, items, v) }
  return shape.packed === false ? [single, packed] : [packed, single]
}

function readPacked(source: Source, items: Shape, v: string): string {
  const [n, z, j, m] = [source.fresh('n'), source.fresh('z'), source.fresh('j'), source.fresh('m')]
  const end = source.fresh('e')
  if (isFloatRun(source, items)) {
    const size = items.bits / 8
    // The size has been checked as a whole: no item needs a look at the end.
    return `const ${n} = readSize(b, p, e) / ${size}; p = at.pos;
if (${n} !== Math.floor(${n})) bad("a packed list with half an item");
if ((left -= ${n}) < 0) bad("more items than limits.maxItems");
let ${j} = 0;
if (${v} === undefined) ${v} = new Array(${n}); else { ${j} = ${v}.length; ${v}.length += ${n}; }
const ${m} = ${j} + ${n};
${emitFloatReads(items, { littleEndian: true }, { y: v, from: j, to: m })}`
  }
  return `const ${end} = e;
{ const ${n} = readSize(b, p, e); p = at.pos; e = p + ${n}; }
if (${v} === undefined) ${v} = [];
while (p < e) {
if (--left < 0) bad("more items than limits.maxItems");
i = ${v}.length;
let ${z};
${emitValue(source, items, z)}
${v}.push(${z});
}
i = -1; e = ${end};`
}

/** One pair of a map: key and value in any order; what is missing is zero. */
function readPair(source: Source, values: Shape, v: string): string {
  const [n, z, k] = [source.fresh('n'), source.fresh('z'), source.fresh('k')]
  const [end, t] = [source.fresh('e'), source.fresh('t')]
  const zero = zeroOf(values) === undefined ? 'missing()' : zeroSource(values)
  // An empty message is a message too: of a list, a map, or a record of optional fields.
  const isMessage = ['record', 'union', 'list', 'map', 'ref'].includes(values.kind)
  const absent = isMessage ? `${defineReader(source, values, [])}(b, p, p)` : zero
  return `const ${end} = e, ${n} = readSize(b, p, e); p = at.pos; e = p + ${n};
if ((left -= ${itemWeight(values)}) < 0) bad("more items than limits.maxItems");
${enterRead(source)}
let ${k} = "", ${z}, once = 2;
while (p < e) {
const ${t} = readTag(b, p, e); p = at.pos;
if (--once < 0) superfluous();
if (${t} === 10) {
${emitValue(source, { kind: 'string' }, k)}
} else if (${t} === ${16 + wireTypeOf(values)}) {
${emitValue(source, values, z)}
} else p = skipField(b, p, e, ${t}, ${source.limits.maxDepth});
}
if (${z} === undefined) ${z} = ${absent};
if (${k} === "__proto__") bad("a key called __proto__");
if (${v} === undefined) ${v} = {};
${v}[${k}] = ${z}; e = ${end}; ${leave(source)}`
}

/** Bytes of a tag as a test at p; at least one byte is there. */
function tagTest(tag: number, wireType: number): { test: string; size: number } {
  const bytes: number[] = []
  let rest = tag * 8 + wireType
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  const tests = bytes.map((byte, index) => `b[p${index === 0 ? '' : ` + ${index}`}] === ${byte}`)
  return { test: `p + ${bytes.length} <= e && ${tests.join(' && ')}`, size: bytes.length }
}

function readRecord(source: Source, record: RecordShape, extra: Extra): string {
  const vars = record.fields.map(() => source.fresh('v'))
  const end = `${emitZeros(record, vars)}\n${leave(source)} at.pos = p;`
  const finish = `${end}\n${emitFinish(record, vars, extra)}`
  const slow = readAnyOrder(source, record, vars, finish)
  const lines = vars.length === 0 ? [] : [`let ${vars.join(', ')};`]
  lines.push(enterRead(source), countRecord(record))
  record.fields.forEach((field, index) => {
    const arms = armsOf(source, field.shape, vars[index] as string, isWrapped(field))
    const arm = arms[0] as Arm
    const { test, size } = tagTest(field.tag, arm.wireType)
    lines.push(`${isRepeated(field) ? 'while' : 'if'} (${test}) {
f = ${index}; p += ${size};
${arm.read}
}`)
  })
  lines.push(`if (p !== e) { f = -1; return ${slow}(${['b', 'p', 'e', ...vars].join(', ')}); }`)
  lines.push(finish)
  return emitTraced(source, record, lines.join('\n'))
}

/** Does it stand as often as it has items? */
function isRepeated(field: FieldShape): boolean {
  const { kind } = field.shape
  return (kind === 'list' || kind === 'map') && !isWrapped(field)
}

/** Takes over where the expected order ended, with the fields read so far. */
function readAnyOrder(
  source: Source,
  record: RecordShape,
  vars: readonly string[],
  finish: string,
): string {
  const cases = record.fields.flatMap((field, index) => {
    const arms = armsOf(source, field.shape, vars[index] as string, isWrapped(field))
    const twice = isRepeated(field) ? '' : `if (${vars[index]} !== undefined) superfluous();\n`
    return arms.map(({ wireType, read }) => {
      return `case ${field.tag * 8 + wireType}: {\nf = ${index};\n${twice}${read}\nbreak;\n}`
    })
  })
  const body = `while (p < e) {
f = -1;
const tag = readTag(b, p, e); p = at.pos;
switch (tag) {
${cases.join('\n')}
default: p = skipField(b, p, e, tag, ${source.limits.maxDepth});
}
}
${finish}`
  const parameters = ['b', 'p', 'e', ...vars].join(', ')
  return source.define('r', parameters, emitTraced(source, record, body))
}

/** Zero for what is required and was not on the wire, if zero is a value; bounds of lists. */
function emitZeros(record: RecordShape, vars: readonly string[]): string {
  const lines: string[] = []
  record.fields.forEach((field: FieldShape, index) => {
    const v = vars[index] as string
    const { shape } = field
    if (shape.kind === 'list' && !isWrapped(field)) {
      const bounds = emitListBounds(shape, `${v}.length`)
      if (bounds !== '') lines.push(`if (${v} !== undefined) { f = ${index}; ${bounds} }`)
    }
    if (!isImplicit(field) || zeroOf(shape) === undefined) return
    lines.push(`if (${v} === undefined) ${v} = ${zeroSource(shape)};`)
  })
  return lines.join('\n')
}

function readUnion(source: Source, shape: UnionShape): string {
  const cases = shape.branches.map((branch) => {
    const extra: Extra = [[shape.discriminator, JSON.stringify(branch.literal)]]
    const read = emitValue(source, branch.record, 'y', extra)
    return `case ${branch.tag * 8 + 2}: {\n${read}\nbreak;\n}`
  })
  return `let y, once = 1;
while (p < e) {
const tag = readTag(b, p, e); p = at.pos;
if (--once < 0) superfluous();
switch (tag) {
${cases.join('\n')}
default: p = skipField(b, p, e, tag, ${source.limits.maxDepth});
}
}
if (y === undefined) bad("no known branch of the union");
at.pos = p;
return y;`
}

/** A message with one field under tag 1: what has no message of its own. */
function readWrapper(source: Source, shape: Shape): string {
  const cases = armsOf(source, shape, 'y', false).map(({ wireType, read }) => {
    return `case ${8 + wireType}: {\n${read}\nbreak;\n}`
  })
  const zero = zeroOf(shape) === undefined ? 'missing()' : zeroSource(shape)
  const bounds = shape.kind === 'list' ? emitListBounds(shape, 'y.length') : ''
  const isMany = shape.kind === 'list' || shape.kind === 'map'
  return `let y, i = -1, once = 1;
try {
while (p < e) {
const tag = readTag(b, p, e); p = at.pos;
${isMany ? '' : 'if (--once < 0) superfluous();'}
switch (tag) {
${cases.join('\n')}
default: p = skipField(b, p, e, tag, ${source.limits.maxDepth});
}
}
} catch (thrown) { throw tracedItem(thrown, i); }
if (y === undefined) y = ${zero};
${bounds}
at.pos = p;
return y;`
}
