// Owns the MessagePack format: plain maps with the names of fields, readable by any other library.
// Never records, extension types or float64 for integers; what is absent is not written.

import type { Limits } from '../base/limits.ts'
import { refuseAny } from '../contract/any.ts'
import { hasRef, linked, targetOf } from '../contract/link.ts'
import type { FieldShape, RecordShape, Shape, UnionShape } from '../contract/shape.ts'
import { anyMsgpack } from './any-body.ts'
import { assembleWalk } from './assemble.ts'
import { bytesBody } from './bytes-body.ts'
import type { BodyCodec, Format } from './codec.ts'
import {
  bytesTest,
  countTest,
  enterWritten,
  floatTest,
  intTest,
  isNoRecord,
  isRequired,
  leave,
  readField,
  Source,
  stringTests,
} from './compile.ts'
import { emitFloatRun } from './float-runs.ts'
import * as primitives from './msgpack-bytes.ts'
import { emitKey, emitRead } from './msgpack-read.ts'

export const msgpack: Format = { codec: 'msgpack', selfDescribing: true, compile }

function compile(given: Shape, limits: Limits): BodyCodec {
  if (given.kind === 'bytes') return bytesBody('msgpack', given)
  if (given.kind === 'any') return anyMsgpack(limits)
  const shape = linked(given)
  const source = new Source('msgpack', limits, hasRef(shape))
  return assembleWalk(source, shape, { emitWrite, emitRead }, primitives)
}

function emitWrite(source: Source, shape: Shape, v: string): string {
  switch (shape.kind) {
    case 'bool':
      return `if (typeof ${v} !== "boolean") wrong();\nb[p++] = ${v} ? 195 : 194;`
    case 'int': {
      const head = `if (!(${intTest(shape, v)})) wrong();`
      if (shape.bigint) {
        return `${head}\nb[p] = 211; if (p + 9 <= b.length) dv.setBigInt64(p + 1, ${v}); p += 9;`
      }
      const small = `if (${v} >= 0 && ${v} < 128) b[p++] = ${v};`
      return `${head}\n${small} else p = writeMsgInt(b, p, ${v});`
    }
    case 'float': {
      const [head, size, name] = shape.bits === 32 ? [202, 5, 'setFloat32'] : [203, 9, 'setFloat64']
      return `if (!(${floatTest(shape, v, false)})) wrong();
b[p] = ${head}; if (p + ${size} <= b.length) dv.${name}(p + 1, ${v}); p += ${size};`
    }
    case 'string': {
      const tests = [`typeof ${v} === "string"`, ...stringTests(source, shape, v)]
      return `if (!(${tests.join(' && ')})) wrong();\np = writeMsgText(b, p, ${v});`
    }
    case 'bytes': {
      return `if (!(${bytesTest(shape, v)})) wrong();\np = writeMsgBytes(b, p, ${v});`
    }
    case 'decimal':
      return `p = writeMsgText(b, p, toDecimal(${v}, ${source.decimal(shape)}));`
    case 'enum': {
      const cases = shape.symbols.map((symbol) => {
        return `case ${JSON.stringify(symbol)}: ${emitKey(source, symbol).write} break;`
      })
      return `switch (${v}) {\n${cases.join('\n')}\ndefault: wrong();\n}`
    }
    case 'list':
      return emitList(source, shape, v)
    case 'map': {
      const [n, k, x] = [source.fresh('n'), source.fresh('k'), source.fresh('x')]
      return `if (!isKeyed(${v})) wrong();
${enterWritten(source)}
const ${k} = Object.keys(${v}), ${n} = ${k}.length;
if (!(${countTest(shape, n)})) wrong();
p = writeMapHeader(b, p, ${n});
for (let j = 0; j < ${n}; j++) {
const key = ${k}[j], ${x} = ${v}[key];
if (key === "__proto__") wrong();
p = writeMsgText(b, p, key);
${emitWrite(source, shape.values, x)}
}
${leave(source)}`
    }
    case 'record':
      return `p = ${defineRecord(source, shape, undefined)}(${v}, b, p);`
    case 'union':
      return emitUnion(source, shape, v)
    case 'any':
      return refuseAny()
    case 'ref':
      return emitWrite(source, targetOf(shape), v)
  }
}

/** `lead` are the key and literal of a union, written before the fields. */
function defineRecord(source: Source, record: RecordShape, lead: string | undefined): string {
  return source.once(record, ['w', 'v, b, p', lead ?? ''], () => emitRecord(source, record, lead))
}

function emitRecord(source: Source, record: RecordShape, lead: string | undefined): string {
  const lines = [`if (${isNoRecord(record, 'v')}) wrong();`, enterWritten(source)]
  const vars = record.fields.map(() => source.fresh('x'))
  record.fields.forEach((field, index) => {
    lines.push(`const ${vars[index]} = ${readField('v', field.name)};`)
  })
  const always = record.fields.filter((field) => isAlways(field)).length
  const base = always + (lead === undefined ? 0 : 1)
  const counts = record.fields.flatMap((field, index) =>
    isAlways(field) ? [] : [`(${presence(field, vars[index] as string)} ? 1 : 0)`],
  )
  const most = base + counts.length
  const count = [String(base), ...counts].join(' + ')
  lines.push(most < 16 ? `b[p++] = 128 | (${count});` : `p = writeMapHeader(b, p, ${count});`)
  if (lead !== undefined) lines.push(lead)
  record.fields.forEach((field, index) => {
    lines.push(emitField(source, field, vars[index] as string))
  })
  lines.push(leave(source), 'return p;')
  return lines.join('\n')
}

/** Is its key written whatever the value? A required field that is null is written as nil. */
function isAlways(field: FieldShape): boolean {
  return isRequired(field) || (field.nullable && !field.optional)
}

function presence(field: FieldShape, x: string): string {
  return field.nullable ? `${x} !== undefined && ${x} !== null` : `${x} !== undefined`
}

function emitField(source: Source, field: FieldShape, x: string): string {
  const key = emitKey(source, field.name).write
  const write = `${key}\n${emitWrite(source, field.shape, x)}`
  if (isRequired(field)) return `{\n${write}\n}`
  const orNull = isAlways(field) ? ` else { ${key} b[p++] = 192; }` : ''
  return `if (${presence(field, x)}) {\n${write}\n}${orNull}`
}

function emitList(source: Source, shape: Shape & { kind: 'list' }, v: string): string {
  const [n, x] = [source.fresh('n'), source.fresh('x')]
  const head = `if (!Array.isArray(${v})) wrong();
${enterWritten(source)}
const ${n} = ${v}.length;
if (!(${countTest(shape, n)})) wrong();
p = writeListHeader(b, p, ${n});`
  const { items } = shape
  if (items.kind === 'float') {
    const form = { head: items.bits === 32 ? 202 : 203, littleEndian: false }
    return `${head}\n${emitFloatRun(items, form, v, n)}\n${leave(source)}`
  }
  return `${head}
for (let j = 0; j < ${n}; j++) {
const ${x} = ${v}[j];
${emitWrite(source, items, x)}
}
${leave(source)}`
}

function emitUnion(source: Source, shape: UnionShape, v: string): string {
  const key = emitKey(source, shape.discriminator).write
  const cases = shape.branches.map((branch) => {
    const lead = `${key} ${emitKey(source, branch.literal).write}`
    const writer = defineRecord(source, branch.record, lead)
    return `case ${JSON.stringify(branch.literal)}: p = ${writer}(${v}, b, p); break;`
  })
  return `if (typeof ${v} !== "object" || ${v} === null) wrong();
switch (${readField(v, shape.discriminator)}) {\n${cases.join('\n')}\ndefault: wrong();\n}`
}
