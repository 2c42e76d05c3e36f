// Owns the Protobuf format: proto3 as to-proto.ts writes it, fields in tag order, packed lists.
// Required scalars have implicit presence (zero is not written); the rest is told apart.

import type { Limits } from '../base/limits.ts'
import { hasRef, linked, resolved } from '../contract/link.ts'
import {
  canBeNegative,
  fixedBytes,
  hasPresence,
  isImplicit,
  isPacked,
  isPlainInt,
  isWrapped,
  wireTypeOf,
} from '../contract/proto-types.ts'
import type { FieldShape, IntShape, RecordShape, Shape, UnionShape } from '../contract/shape.ts'
import { checkWireNames } from '../contract/wire-names.ts'
import { assemble } from './assemble.ts'
import { bytesBody } from './bytes-body.ts'
import type { BodyCodec, Format } from './codec.ts'
import {
  bytesTest,
  countTest,
  enterWritten,
  floatTest,
  intTest,
  isNoRecord,
  leave,
  readField,
  Source,
  stringTests,
  wordsOf,
} from './compile.ts'
import { emitFloatRun } from './float-runs.ts'
import * as sizes from './proto-bytes.ts'
import { defineReader } from './protobuf-read.ts'
import * as varint from './varint.ts'

export const protobuf: Format = { codec: 'protobuf', selfDescribing: true, compile }

function compile(given: Shape, limits: Limits): BodyCodec {
  if (given.kind === 'bytes') return bytesBody('protobuf', given)
  checkWireNames(given)
  const shape = linked(given)
  const source = new Source('protobuf', limits, hasRef(shape))
  const write = defineWriter(source, shape)
  const read = defineReader(source, shape, [])
  return assemble(source, shape, write, read, { ...varint, ...sizes })
}

/** Bytes of a tag, stored at p. */
function emitTag(tag: number, wireType: number): string {
  const bytes: number[] = []
  let rest = tag * 8 + wireType
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  return bytes.map((byte) => `b[p++] = ${byte};`).join(' ')
}

/** Defines (v, b, p) → p for the content of the message that the shape is, without its size. */
function defineWriter(source: Source, given: Shape): string {
  const shape = resolved(given)
  return source.once(shape, ['w', 'v, b, p', ''], () => {
    if (shape.kind === 'record') return emitRecord(source, shape)
    if (shape.kind === 'union') return emitUnion(source, shape)
    const body =
      shape.kind === 'list' || shape.kind === 'map'
        ? emitRepeated(source, shape, 1, 'v')
        : emitImplicit(source, shape, 1, 'v')
    return `${body}\nreturn p;`
  })
}

/** Refuses what is not a value of the scalar shape. */
function emitCheck(source: Source, shape: Shape, v: string): string {
  switch (shape.kind) {
    case 'bool':
      return `if (typeof ${v} !== "boolean") wrong();`
    case 'int':
      return `if (!(${intTest(shape, v)})) wrong();`
    case 'float':
      return `if (!(${floatTest(shape, v, false)})) wrong();`
    case 'string': {
      const tests = [`typeof ${v} === "string"`, ...stringTests(source, shape, v)]
      return `if (!(${tests.join(' && ')})) wrong();`
    }
    case 'bytes': {
      return `if (!(${bytesTest(shape, v)})) wrong();`
    }
    default:
      return ''
  }
}

/** Writes a value without tag: scalars bare, messages after their size. */
function emitValue(source: Source, shape: Shape, v: string): string {
  switch (shape.kind) {
    case 'bool':
      return `b[p++] = ${v} ? 1 : 0;`
    case 'int': {
      const fixed = fixedBytes(shape)
      if (fixed !== 0) return emitFixed(shape, fixed, v)
      const kind = isPlainInt(shape) ? 'Var' : 'ZigZag'
      if (shape.bigint) return `p = writeBig${kind}(b, p, ${v});`
      const least = canBeNegative(shape) ? `${v} >= 0 && ` : ''
      const small = isPlainInt(shape)
        ? `if (${least}${v} < 128) b[p++] = ${v};`
        : `if (${v} >= -64 && ${v} < 64) b[p++] = (${v} << 1) ^ (${v} >> 31);`
      const name = isPlainInt(shape) ? 'writeWords' : 'writeZigZagWords'
      return `${small} else p = ${name}(b, p, ${wordsOf(v)});`
    }
    case 'float':
      return shape.bits === 32
        ? `if (p + 4 <= b.length) dv.setFloat32(p, ${v}, true); p += 4;`
        : `if (p + 8 <= b.length) dv.setFloat64(p, ${v}, true); p += 8;`
    case 'string':
      return `p = writeSizedText(b, p, ${v}, 0);`
    case 'bytes':
      return `p = writeSizedBytes(b, p, ${v}, 0);`
    case 'decimal':
      return `p = writeSizedText(b, p, toDecimal(${v}, ${source.decimal(shape)}), 0);`
    case 'enum': {
      const cases = shape.symbols.map((symbol, index) => {
        const number = shape.numbers[index] as number
        const write = number < 128 ? `b[p++] = ${number};` : `p = writeVar32(b, p, ${number});`
        return `case ${JSON.stringify(symbol)}: ${write} break;`
      })
      return `switch (${v}) {\n${cases.join('\n')}\ndefault: wrong();\n}`
    }
    default: {
      const writer = defineWriter(source, shape)
      return emitSized(source, (at) => `p = ${writer}(${v}, b, ${at});`)
    }
  }
}

/** An integer of constant size; the bits are the same with and without sign. */
function emitFixed(shape: IntShape, size: 4 | 8, v: string): string {
  const value = shape.bigint ? v : `BigInt(${v})`
  const store = size === 4 ? `setInt32(p, ${v}, true)` : `setBigInt64(p, ${value}, true)`
  return `if (p + ${size} <= b.length) dv.${store}; p += ${size};`
}

/**
 * Content after its size, which is known only then: as much room as last time is left for it,
 * so that content is seldom moved.
 */
function emitSized(source: Source, content: (at: string) => string): string {
  const [s, g, r] = [source.fresh('s'), source.fresh('g'), source.fresh('r')]
  source.rooms.push(g)
  // The content may come here again and leave another room for the next time.
  return `const ${s} = p, ${r} = ${g};
${content(`p + ${r}`)}
if (${r} === 1 && p - ${s} < 129) b[${s}] = p - ${s} - 1;
else { p = closeSized(b, ${s}, ${r}, p); ${g} = at.pos; }`
}

/** A scalar under a tag, left out when it is zero. */
function emitImplicit(source: Source, shape: Shape, tag: number, v: string): string {
  const write = `${emitTag(tag, wireTypeOf(shape))}\n${emitValue(source, shape, v)}`
  const check = emitCheck(source, shape, v)
  switch (shape.kind) {
    case 'bool':
      return `${check}\nif (${v}) {\n${write}\n}`
    case 'int':
      return `${check}\nif (${v} ${shape.bigint ? '!== 0n' : '!== 0'}) {\n${write}\n}`
    case 'float':
      return `${check}\nif (!Object.is(${v}, 0)) {\n${write}\n}`
    case 'string':
    case 'bytes':
      return `${check}\nif (${v}.length !== 0) {\n${write}\n}`
    case 'enum':
      return shape.numbers[0] === 0
        ? `if (${v} !== ${JSON.stringify(shape.symbols[0])}) {\n${write}\n}`
        : write
    default:
      return write
  }
}

function emitRepeated(
  source: Source,
  shape: Shape & { kind: 'list' | 'map' },
  tag: number,
  v: string,
): string {
  const [n, x] = [source.fresh('n'), source.fresh('x')]
  if (shape.kind === 'map') return emitMap(source, shape.values, tag, v, countTest(shape, n), n)
  const { items } = shape
  const head = `if (!Array.isArray(${v})) wrong();
${enterWritten(source)}
const ${n} = ${v}.length;
if (!(${countTest(shape, n)})) wrong();`
  const loop = (before: string): string => `for (let j = 0; j < ${n}; j++) {
const ${x} = ${v}[j];
${emitCheck(source, items, x)}
${before}${emitValue(source, items, x)}
}`
  if (!isPacked(items) || shape.packed === false)
    return `${head}\n${loop(`${emitTag(tag, wireTypeOf(items))}\n`)}\n${leave(source)}`
  if (items.kind === 'float') {
    const size = items.bits / 8
    return `${head}
if (${n} > 0) { ${emitTag(tag, 2)} p = writeVar32(b, p, ${n} * ${size}); }
${emitFloatRun(items, { littleEndian: true }, v, n)}
${leave(source)}`
  }
  const content = emitSized(source, (at) => `p = ${at};\n${loop('')}`)
  return `${head}\nif (${n} > 0) {\n${emitTag(tag, 2)}\n${content}\n}\n${leave(source)}`
}

/** Each pair is a message of key and value; both are always written. */
function emitMap(
  source: Source,
  values: Shape,
  tag: number,
  v: string,
  test: string,
  n: string,
): string {
  const [k, x] = [source.fresh('k'), source.fresh('x')]
  const pair = emitSized(source, (at) => {
    return `p = ${at};
b[p++] = 10; p = writeSizedText(b, p, key, 0);
${emitCheck(source, values, x)}
${emitTag(2, wireTypeOf(values))}
${emitValue(source, values, x)}`
  })
  return `if (!isKeyed(${v})) wrong();
${enterWritten(source)}
const ${k} = Object.keys(${v}), ${n} = ${k}.length;
if (!(${test})) wrong();
for (let j = 0; j < ${n}; j++) {
const key = ${k}[j], ${x} = ${v}[key];
if (key === "__proto__") wrong();
${emitTag(tag, 2)}
${pair}
}
${leave(source)}`
}

function emitRecord(source: Source, record: RecordShape): string {
  const lines = [`if (${isNoRecord(record, 'v')}) wrong();`, enterWritten(source)]
  for (const field of record.fields) lines.push(emitField(source, field))
  lines.push(leave(source), 'return p;')
  return lines.join('\n')
}

function emitField(source: Source, field: FieldShape): string {
  const x = source.fresh('x')
  const { shape, tag } = field
  const isList = shape.kind === 'list' || shape.kind === 'map'
  let write: string
  if (isList && !isWrapped(field)) write = emitRepeated(source, shape, tag, x)
  else if (!isImplicit(field)) {
    const check = emitCheck(source, shape, x)
    write = `${check}\n${emitTag(tag, wireTypeOf(shape))}\n${emitValue(source, shape, x)}`
  } else write = emitImplicit(source, shape, tag, x)
  const isPresent = field.nullable ? `${x} !== undefined && ${x} !== null` : `${x} !== undefined`
  const body = hasPresence(field) ? `if (${isPresent}) {\n${write}\n}` : write
  return `{ const ${x} = ${readField('v', field.name)};\n${body}\n}`
}

/** A message with one field set: the branch. */
function emitUnion(source: Source, shape: UnionShape): string {
  const cases = shape.branches.map((branch) => {
    const write = `${emitTag(branch.tag, 2)}\n${emitValue(source, branch.record, 'v')}`
    return `case ${JSON.stringify(branch.literal)}: {\n${write}\nbreak;\n}`
  })
  return `if (typeof v !== "object" || v === null) wrong();
switch (${readField('v', shape.discriminator)}) {\n${cases.join('\n')}\ndefault: wrong();\n}
return p;`
}
