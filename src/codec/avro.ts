// Owns the Avro format: the binary encoding of Avro 1.11, byte for byte, compiled from the shape.
// Smallest and fastest; unreadable without the writer's shape. The schema is in to-avro.ts.

import type { Limits } from '../base/limits.ts'
import { refuseAny } from '../contract/any.ts'
import { sourceOfForm } from '../contract/fallback.ts'
import { hasRef, linked, resolved, targetOf } from '../contract/link.ts'
import type { FieldShape, RecordShape, Shape, UnionShape } from '../contract/shape.ts'
import { checkAvroTypes } from '../contract/union-box.ts'
import { checkWireNames } from '../contract/wire-names.ts'
import { assembleWalk } from './assemble.ts'
import { branchesOf, emitRead } from './avro-read.ts'
import { bytesBody } from './bytes-body.ts'
import type { BodyCodec, Format } from './codec.ts'
import {
  bytesTest,
  countTest,
  enterWritten,
  floatTest,
  intTest,
  isAbsentable,
  isNoRecord,
  leave,
  readField,
  Source,
  stringTests,
  wordsOf,
} from './compile.ts'
import { emitFloatRun } from './float-runs.ts'
import * as primitives from './varint.ts'

export const avro: Format = { codec: 'avro', selfDescribing: false, compile }

function compile(given: Shape, limits: Limits): BodyCodec {
  if (given.kind === 'bytes') return bytesBody('avro', given)
  checkWireNames(given)
  checkAvroTypes(given)
  const shape = linked(given)
  const source = new Source('avro', limits, hasRef(shape))
  return assembleWalk(source, shape, { emitWrite, emitRead }, primitives)
}

function emitWrite(source: Source, shape: Shape, v: string): string {
  switch (shape.kind) {
    case 'bool':
      return `if (typeof ${v} !== "boolean") wrong();\nb[p++] = ${v} ? 1 : 0;`
    case 'int': {
      const head = `if (!(${intTest(shape, v)})) wrong();`
      if (shape.bigint) return `${head}\np = writeBigZigZag(b, p, ${v});`
      const small = `if (${v} >= -64 && ${v} < 64) b[p++] = (${v} << 1) ^ (${v} >> 31);`
      const large =
        shape.bits === 32
          ? `p = writeVar32(b, p, (${v} << 1) ^ (${v} >> 31));`
          : `p = writeZigZagWords(b, p, ${wordsOf(v)});`
      return `${head}\n${small} else ${large}`
    }
    case 'float': {
      const [size, name] = shape.bits === 32 ? [4, 'setFloat32'] : [8, 'setFloat64']
      return `if (!(${floatTest(shape, v, false)})) wrong();
if (p + ${size} <= b.length) dv.${name}(p, ${v}, true); p += ${size};`
    }
    case 'string': {
      const tests = [`typeof ${v} === "string"`, ...stringTests(source, shape, v)]
      return `if (!(${tests.join(' && ')})) wrong();\np = writeSizedText(b, p, ${v}, 1);`
    }
    case 'bytes': {
      const size = shape.length
      const write =
        size === undefined
          ? `p = writeSizedBytes(b, p, ${v}, 1);`
          : `if (p + ${size} <= b.length) b.set(${v}, p); p += ${size};`
      return `if (!(${bytesTest(shape, v)})) wrong();\n${write}`
    }
    case 'decimal':
      return `p = writeDecimal(b, p, ${v}, ${source.decimal(shape)});`
    case 'enum': {
      const cases = shape.symbols.map((symbol, index) => {
        return `case ${JSON.stringify(symbol)}: ${emitIndex(index)} break;`
      })
      return `switch (${v}) {\n${cases.join('\n')}\ndefault: wrong();\n}`
    }
    case 'list':
      return emitList(source, shape, v)
    case 'map':
      return emitMap(source, shape, v)
    case 'record':
      return `p = ${defineRecord(source, shape)}(${v}, b, p);`
    case 'union':
      return emitUnion(source, shape, v, 0)
    case 'any':
      return refuseAny()
    case 'ref':
      return emitWrite(source, targetOf(shape), v)
  }
}

/** A constant index, zigzag. */
function emitIndex(index: number): string {
  return index < 64 ? `b[p++] = ${index * 2};` : `p = writeVar32(b, p, ${index * 2});`
}

function emitList(source: Source, shape: Shape & { kind: 'list' }, v: string): string {
  const [n, x] = [source.fresh('n'), source.fresh('x')]
  const { items } = shape
  const head = `if (!Array.isArray(${v})) wrong();
${enterWritten(source)}
const ${n} = ${v}.length;
if (!(${countTest(shape, n)})) wrong();
if (${n} > 0) p = writeZigZag(b, p, ${n});`
  if (items.kind === 'float') {
    const run = emitFloatRun(items, { littleEndian: true }, v, n)
    return `${head}\n${run}\nb[p++] = 0; ${leave(source)}`
  }
  return `${head}
for (let j = 0; j < ${n}; j++) {
const ${x} = ${v}[j];
${emitWrite(source, items, x)}
}
b[p++] = 0; ${leave(source)}`
}

function emitMap(source: Source, shape: Shape & { kind: 'map' }, v: string): string {
  const [n, k, x] = [source.fresh('n'), source.fresh('k'), source.fresh('x')]
  return `if (!isKeyed(${v})) wrong();
${enterWritten(source)}
const ${k} = Object.keys(${v}), ${n} = ${k}.length;
if (!(${countTest(shape, n)})) wrong();
if (${n} > 0) p = writeZigZag(b, p, ${n});
for (let j = 0; j < ${n}; j++) {
const key = ${k}[j], ${x} = ${v}[key];
if (key === "__proto__") wrong();
p = writeSizedText(b, p, key, 1);
${emitWrite(source, shape.values, x)}
}
b[p++] = 0; ${leave(source)}`
}

function defineRecord(source: Source, record: RecordShape): string {
  return source.once(record, ['w', 'v, b, p', ''], () => {
    const lines = [`if (${isNoRecord(record, 'v')}) wrong();`, enterWritten(source)]
    for (const field of record.fields) lines.push(emitField(source, field))
    lines.push(leave(source), 'return p;')
    return lines.join('\n')
  })
}

/** What may be absent is a union with null, which is branch 0 as a rule. */
function emitField(source: Source, field: FieldShape): string {
  const x = source.fresh('x')
  const { shape } = field
  const read = readField('v', field.name)
  if (!isAbsentable(field)) {
    // Avro has no absence: a required field that is left out is written as its default.
    const fill =
      field.fallback === undefined
        ? ''
        : `if (${x} === undefined) ${x} = ${sourceOfForm(shape, field.fallback)};\n`
    return `{ let ${x} = ${read};\n${fill}${emitWrite(source, shape, x)}\n}`
  }
  const absent = field.nullable ? `${x} === undefined || ${x} === null` : `${x} === undefined`
  const { first, none } = branchesOf(field)
  const inner = resolved(shape)
  const write =
    inner.kind === 'union'
      ? emitUnion(source, inner, x, first)
      : `${emitIndex(first)}\n${emitWrite(source, shape, x)}`
  return `{ const ${x} = ${read};\nif (${absent}) ${emitIndex(none)} else {\n${write}\n}\n}`
}

/** `first` is the index of the first branch: 1 where null is branch 0. */
function emitUnion(source: Source, shape: UnionShape, v: string, first: 0 | 1): string {
  const cases = shape.branches.map((branch, index) => {
    const writer = defineRecord(source, branch.record)
    const head = emitIndex(index + first)
    return `case ${JSON.stringify(branch.literal)}: ${head} p = ${writer}(${v}, b, p); break;`
  })
  return `if (typeof ${v} !== "object" || ${v} === null) wrong();
switch (${readField(v, shape.discriminator)}) {\n${cases.join('\n')}\ndefault: wrong();\n}`
}
