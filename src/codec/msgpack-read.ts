// Owns the source of MessagePack decoders: fields expected in order, another way for any order.
// Never trusts a count: headers are checked against the bytes that are left.

import { refuseAny } from '../contract/any.ts'
import { targetOf } from '../contract/link.ts'
import type { FieldShape, RecordShape, Shape, UnionShape } from '../contract/shape.ts'
import {
  countRecord,
  countTest,
  emitConstraints,
  emitFinish,
  emitTraced,
  emitUnknown,
  enterRead,
  intTest,
  leave,
  type Source,
} from './compile.ts'
import { emitFloatReads, isFloatRun } from './float-runs.ts'

/** Keys up to this size are compared and stored byte by byte in the source. */
const inlineBytes = 24

/** The text with its header: a statement that writes it, a test for it, its size. */
export function emitKey(
  source: Source,
  text: string,
): { write: string; test: string; size: number } {
  const body = Buffer.from(text)
  const size = body.length
  const header =
    size < 32 ? [0xa0 | size] : size < 256 ? [0xd9, size] : [0xda, size >> 8, size & 255]
  const bytes = Buffer.concat([Buffer.from(header), body])
  if (bytes.length > inlineBytes) {
    const name = source.constant(new Uint8Array(bytes))
    return {
      write: `p = writeConstant(b, p, ${name});`,
      test: `isKeyAt(b, p, e, ${name})`,
      size: bytes.length,
    }
  }
  const stores = Array.from(bytes, (byte, index) => `b[p + ${index}] = ${byte};`).join(' ')
  const tests = Array.from(bytes, (byte, index) => `b[p + ${index}] === ${byte}`)
  return {
    write: `${stores} p += ${bytes.length};`,
    test: `p + ${bytes.length} <= e && ${tests.join(' && ')}`,
    size: bytes.length,
  }
}

/** Statements that read one value at p into `y` and move p. */
export function emitRead(source: Source, shape: Shape, y: string): string {
  const check = emitConstraints(source, shape, y)
  switch (shape.kind) {
    case 'bool':
      return `if (p >= e) short();
if (b[p] === 195) ${y} = true; else if (b[p] === 194) ${y} = false; else bad("not a boolean");
p++;`
    case 'int':
      if (shape.bigint) return `${y} = readMsgBigInt(b, p, e); p = at.pos;\n${check}`
      return `if (p < e && b[p] < 128) ${y} = b[p++];
else { ${y} = readMsgInt(b, p, e); p = at.pos; }
if (!(${intTest(shape, y)})) bad("not an integer in range");`
    case 'float': {
      const round = shape.bits === 32 ? `${y} = Math.fround(${y});\n` : ''
      return `if (p + 9 <= e && b[p] === 203) { ${y} = dv.getFloat64(p + 1); p += 9; }
else { ${y} = readMsgFloat(b, p, e); p = at.pos; }\n${round}${check}`
    }
    case 'string':
      return `if (p < e && b[p] >= 160 && b[p] < 192 && p + 1 + (b[p] & 31) <= e) {
${y} = readUtf8(b, p + 1, b[p] & 31); p += 1 + (b[p] & 31);
} else { ${y} = readMsgText(b, p, e); p = at.pos; }\n${check}`
    case 'bytes':
      return `${y} = readMsgBytes(b, p, e); p = at.pos;\n${check}`
    case 'decimal':
      return `${y} = fromDecimal(readMsgText(b, p, e), ${source.decimal(shape)}); p = at.pos;`
    case 'enum': {
      const cases = shape.symbols.map((symbol) => `case ${JSON.stringify(symbol)}:`).join(' ')
      return `${y} = readMsgText(b, p, e); p = at.pos;
switch (${y}) { ${cases} break; default: ${emitUnknown(shape, y, 'true')} }`
    }
    case 'list':
    case 'map':
      return readItems(source, shape, y)
    case 'record': {
      const n = source.fresh('n')
      return `${readHeader(n)}\n${y} = ${readRecord(source, shape, [])}(b, p, e, ${n}); p = at.pos;`
    }
    case 'union':
      return readUnion(source, shape, y)
    case 'any':
      return refuseAny()
    case 'ref':
      return emitRead(source, targetOf(shape), y)
  }
}

function readHeader(n: string): string {
  return `let ${n};
if (p < e && b[p] >> 4 === 8) { ${n} = b[p++] & 15; if (${n} * 2 > e - p) short(); }
else { ${n} = readMapHeader(b, p, e); p = at.pos; }`
}

function readItems(source: Source, shape: Shape & { kind: 'list' | 'map' }, y: string): string {
  const [n, z, j] = [source.fresh('n'), source.fresh('z'), source.fresh('j')]
  if (shape.kind === 'map') {
    return `${enterRead(source)}
const ${n} = readMapHeader(b, p, e); p = at.pos;
if (!(${countTest(shape, n)})) bad("too many items");
${y} = {};
for (let ${j} = 0; ${j} < ${n}; ${j}++) {
const key = readMsgText(b, p, e); p = at.pos;
if (key === "__proto__") bad("a key called __proto__");
let ${z};
${emitRead(source, shape.values, z)}
${y}[key] = ${z};
}
${leave(source)}`
  }
  return `${enterRead(source)}
const ${n} = readListHeader(b, p, e); p = at.pos;
if (!(${countTest(shape, n)})) bad("too few or too many items");
${y} = new Array(${n});
let ${j} = 0;
${readDoubles(source, shape.items, y, n, j)}
for (; ${j} < ${n}; ${j}++) {
i = ${j};
let ${z};
${emitRead(source, shape.items, z)}
${y}[${j}] = ${z};
}
i = -1; ${leave(source)}`
}

/** Doubles in a row, as all of ours write them; the loop behind takes what has another form. */
function readDoubles(source: Source, items: Shape, y: string, n: string, j: string): string {
  if (!isFloatRun(source, items) || items.bits === 32) return ''
  const run = emitFloatReads(items, { head: 203, littleEndian: false }, { y, from: j, to: n })
  return `if (${n} * 9 <= e - p) ${run}`
}

/** nil means absent wherever a field need not be there. */
function readField(source: Source, field: FieldShape, v: string): string {
  const read = emitRead(source, field.shape, v)
  return `if (p < e && b[p] === 192) p++; else {\n${read}\n}`
}

/**
 * Defines (b, p, e, n) → object. The quick function takes fields in declared order, optional ones
 * left out; on anything else it hands over what it has, and where it is, to the slow one.
 */
function readRecord(
  source: Source,
  record: RecordShape,
  extra: readonly (readonly [string, string])[],
): string {
  const made = ['r', 'b, p, e, n', extra.join()] as const
  return source.once(record, made, () => emitRecord(source, record, extra))
}

function emitRecord(
  source: Source,
  record: RecordShape,
  extra: readonly (readonly [string, string])[],
): string {
  const vars = record.fields.map(() => source.fresh('v'))
  const slow = readAnyOrder(source, record, extra, vars)
  const lines = vars.length === 0 ? [] : [`let ${vars.join(', ')};`]
  lines.push(enterRead(source), countRecord(record))
  record.fields.forEach((field, index) => {
    const key = emitKey(source, field.name)
    const v = vars[index] as string
    lines.push(`if (n > 0 && ${key.test}) {
f = ${index}; n--; p += ${key.size};
${readField(source, field, v)}
}`)
  })
  const known = ['b', 'p', 'e', 'n', ...vars].join(', ')
  lines.push(`if (n > 0) { f = -1; return ${slow}(${known}); }`)
  lines.push(leave(source), 'at.pos = p;', emitFinish(record, vars, extra))
  return emitTraced(source, record, lines.join('\n'))
}

function readAnyOrder(
  source: Source,
  record: RecordShape,
  extra: readonly (readonly [string, string])[],
  vars: readonly string[],
): string {
  const lines: string[] = []
  const cases = record.fields.map((field, index) => {
    const read = readField(source, field, vars[index] as string)
    return `case ${JSON.stringify(field.name)}: {\nf = ${index};\n${read}\nbreak;\n}`
  })
  lines.push(`for (; n > 0; n--) {
f = -1;
const key = readMsgText(b, p, e); p = at.pos;
switch (key) {
${cases.join('\n')}
case "__proto__": bad("a key called __proto__");
default: p = skipMsg(b, p, e, ${source.limits.maxDepth});
}
}`)
  lines.push(leave(source), 'at.pos = p;', emitFinish(record, vars, extra))
  return source.define(
    'r',
    ['b, p, e, n', ...vars].join(', '),
    emitTraced(source, record, lines.join('\n')),
  )
}

/** The discriminator is expected first, and looked for when it is not. */
function readUnion(source: Source, shape: UnionShape, y: string): string {
  const key = emitKey(source, shape.discriminator)
  const [n, q, m] = [source.fresh('n'), source.fresh('q'), source.fresh('m')]
  const literal = source.fresh('t')
  const cases = shape.branches.map((branch) => {
    const text = JSON.stringify(branch.literal)
    const reader = readRecord(source, branch.record, [[shape.discriminator, text]])
    return `case ${text}: ${y} = ${reader}(b, p, e, ${n}); p = at.pos; break;`
  })
  return `${readHeader(n)}
let ${literal};
if (${n} > 0 && ${key.test}) {
p += ${key.size}; ${n}--; ${literal} = readMsgText(b, p, e); p = at.pos;
} else {
let ${q} = p;
for (let ${m} = ${n}; ${m} > 0; ${m}--) {
const key = readMsgText(b, ${q}, e); ${q} = at.pos;
if (key === ${JSON.stringify(shape.discriminator)}) { ${literal} = readMsgText(b, ${q}, e); break; }
${q} = skipMsg(b, ${q}, e, ${source.limits.maxDepth});
}
}
switch (${literal}) {\n${cases.join('\n')}\ndefault: bad("no known kind");\n}`
}
