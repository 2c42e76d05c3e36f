// Owns the JSON format: compiled encoders that write bytes, JSON.parse plus a compiled projection.
// Readable by anybody; bigint is decimal text, bytes are base64, NaN and infinities are refused.

import type { Limits } from '../base/limits.ts'
import { refuseAny } from '../contract/any.ts'
import { hasRef, linked, targetOf } from '../contract/link.ts'
import type { FieldShape, RecordShape, Shape, UnionShape } from '../contract/shape.ts'
import { anyJson } from './any-body.ts'
import { assemble } from './assemble.ts'
import { bytesBody } from './bytes-body.ts'
import type { BodyCodec, Format } from './codec.ts'
import {
  bytesTest,
  countRecord,
  countTest,
  emitConstraints,
  emitFinish,
  emitTraced,
  emitUnknown,
  enterRead,
  enterWritten,
  floatTest,
  intTest,
  isNoRecord,
  leave,
  readField,
  Source,
  stringTests,
} from './compile.ts'
import { jsonRoom } from './json-room.ts'
import * as primitives from './json-text.ts'

export const json: Format = { codec: 'json', selfDescribing: true, compile }

function compile(given: Shape, limits: Limits): BodyCodec {
  if (given.kind === 'bytes') return bytesBody('json', given)
  if (given.kind === 'any') return anyJson(limits)
  const shape = linked(given)
  const source = new Source('json', limits, hasRef(shape))
  const write = source.define('w', 'v, b, p', `${emitWrite(source, shape, 'v')}\nreturn p;`)
  const { root, value } = emitProject(source, shape, 'x')
  const body = `const x = parseJson(b, p, e, limits, room);
let i = -1, y;
try {
${root}
y = ${value};
} catch (thrown) { throw tracedItem(thrown, i); }
at.pos = e;
return y;`
  const read = source.define('r', 'b, p, e', body)
  const room = jsonRoom(shape, limits)
  return assemble(source, shape, write, read, { ...primitives, limits, room })
}

/** Statements that store constant text at p and move p. */
function emitText(text: string): string {
  const bytes = Buffer.from(text)
  const stores = Array.from(bytes, (byte, index) => `b[p + ${index}] = ${byte};`)
  return `${stores.join(' ')} p += ${bytes.length};`
}

function emitWrite(source: Source, shape: Shape, v: string): string {
  switch (shape.kind) {
    case 'bool':
      return `if (${v} === true) { ${emitText('true')} }
else if (${v} === false) { ${emitText('false')} } else wrong();`
    case 'int': {
      const writer = shape.bigint ? 'writeJsonBigInt' : 'writeJsonInt'
      return `if (!(${intTest(shape, v)})) wrong();\np = ${writer}(b, p, ${v});`
    }
    case 'float':
      return `if (!(${floatTest(shape, v, true)})) wrong();\np = writeJsonFloat(b, p, ${v});`
    case 'string': {
      const tests = [`typeof ${v} === "string"`, ...stringTests(source, shape, v)]
      return `if (!(${tests.join(' && ')})) wrong();\np = writeJsonText(b, p, ${v});`
    }
    case 'bytes': {
      return `if (!(${bytesTest(shape, v)})) wrong();\np = writeJsonBytes(b, p, ${v});`
    }
    case 'decimal':
      return `p = writeJsonText(b, p, toDecimal(${v}, ${source.decimal(shape)}));`
    case 'enum': {
      const cases = shape.symbols.map((symbol) => {
        return `case ${JSON.stringify(symbol)}: ${emitText(JSON.stringify(symbol))} break;`
      })
      return `switch (${v}) {\n${cases.join('\n')}\ndefault: wrong();\n}`
    }
    case 'list':
    case 'map':
      return emitItems(source, shape, v)
    case 'record':
      return `p = ${defineRecord(source, shape, '')}(${v}, b, p);`
    case 'union':
      return emitUnion(source, shape, v)
    case 'any':
      return refuseAny()
    case 'ref':
      return emitWrite(source, targetOf(shape), v)
  }
}

/** Each item is written with a comma before it; then the first comma becomes the bracket. */
function emitItems(source: Source, shape: Shape & { kind: 'list' | 'map' }, v: string): string {
  const [n, k, s, x] = [source.fresh('n'), source.fresh('k'), source.fresh('s'), source.fresh('x')]
  if (shape.kind === 'map') {
    return `if (!isKeyed(${v})) wrong();
${enterWritten(source)}
const ${k} = Object.keys(${v}), ${n} = ${k}.length, ${s} = p;
if (!(${countTest(shape, n)})) wrong();
for (let j = 0; j < ${n}; j++) {
const key = ${k}[j], ${x} = ${v}[key];
if (key === "__proto__") wrong();
b[p++] = 44; p = writeJsonText(b, p, key); b[p++] = 58;
${emitWrite(source, shape.values, x)}
}
${emitClose(s, 123, 125)} ${leave(source)}`
  }
  const head = `if (!Array.isArray(${v})) wrong();
${enterWritten(source)}
const ${n} = ${v}.length, ${s} = p;
if (!(${countTest(shape, n)})) wrong();`
  if (shape.items.kind === 'float') {
    // The runtime turns many floats into text faster than calls one by one.
    return `${head}
for (let j = 0; j < ${n}; j++) { const ${x} = ${v}[j];
if (!(${floatTest(shape.items, x, true)})) wrong(); }
p = writeAscii(b, p, JSON.stringify(${v})); ${leave(source)}`
  }
  return `${head}
for (let j = 0; j < ${n}; j++) {
const ${x} = ${v}[j];
b[p++] = 44;
${emitWrite(source, shape.items, x)}
}
${emitClose(s, 91, 93)} ${leave(source)}`
}

function emitClose(start: string, open: number, close: number): string {
  return `if (p === ${start}) b[p++] = ${open}; else b[${start}] = ${open};\nb[p++] = ${close};`
}

/** `lead` is written first inside the braces: the discriminator of a union. */
function defineRecord(source: Source, record: RecordShape, lead: string): string {
  return source.once(record, ['w', 'v, b, p', lead], () => {
    const lines = [`if (${isNoRecord(record, 'v')}) wrong();`, enterWritten(source)]
    lines.push('const s = p;', lead)
    for (const field of record.fields) lines.push(emitField(source, field))
    lines.push(emitClose('s', 123, 125), leave(source), 'return p;')
    return lines.join('\n')
  })
}

function emitField(source: Source, field: FieldShape): string {
  const x = source.fresh('x')
  const key = emitText(`,${JSON.stringify(field.name)}:`)
  const isLoose = field.optional || field.nullable || field.fallback !== undefined
  const isPresent = field.nullable ? `${x} !== undefined && ${x} !== null` : `${x} !== undefined`
  const write = `${key}\n${emitWrite(source, field.shape, x)}`
  // A required field that is null is written, for readers that look for it.
  const orNull =
    field.nullable && !field.optional
      ? ` else { ${emitText(`,${JSON.stringify(field.name)}:null`)} }`
      : ''
  const body = isLoose ? `if (${isPresent}) {\n${write}\n}${orNull}` : write
  return `{ const ${x} = ${readField('v', field.name)};\n${body}\n}`
}

function emitUnion(source: Source, shape: UnionShape, v: string): string {
  const cases = shape.branches.map((branch) => {
    const lead = `,${JSON.stringify(shape.discriminator)}:${JSON.stringify(branch.literal)}`
    const writer = defineRecord(source, branch.record, emitText(lead))
    return `case ${JSON.stringify(branch.literal)}: p = ${writer}(${v}, b, p); break;`
  })
  return `if (typeof ${v} !== "object" || ${v} === null) wrong();
switch (${readField(v, shape.discriminator)}) {\n${cases.join('\n')}\ndefault: wrong();\n}`
}

/** Statements that check parsed `x` and an expression for the value made of it. */
function emitProject(source: Source, shape: Shape, x: string): { root: string; value: string } {
  switch (shape.kind) {
    case 'bool':
      return { root: `if (typeof ${x} !== "boolean") bad("not a boolean");`, value: x }
    case 'int': {
      if (!shape.bigint) {
        return { root: `if (!(${intTest(shape, x)})) bad("not an integer in range");`, value: x }
      }
      const y = source.fresh('y')
      const test = intTest(shape, y)
      const root = `const ${y} = readJsonBigInt(${x});\nif (!(${test})) bad("not in range");`
      return { root, value: y }
    }
    case 'float': {
      const root = `if (!(${floatTest(shape, x, true)})) bad("not a number in range");`
      return { root, value: shape.bits === 32 ? `Math.fround(${x})` : x }
    }
    case 'string': {
      const tests = [`typeof ${x} === "string"`, ...stringTests(source, shape, x)]
      return { root: `if (!(${tests.join(' && ')})) bad("not a string that fits");`, value: x }
    }
    case 'bytes': {
      const y = source.fresh('y')
      const check = emitConstraints(source, shape, y)
      const root = `const ${y} = readJsonBytes(${x});\n${check}`
      return { root, value: y }
    }
    case 'decimal':
      return { root: '', value: `fromDecimal(${x}, ${source.decimal(shape)})` }
    case 'enum': {
      const y = source.fresh('y')
      const cases = shape.symbols.map((symbol) => `case ${JSON.stringify(symbol)}:`).join(' ')
      const root = `let ${y} = ${x};
switch (${y}) { ${cases} break; default: ${emitUnknown(shape, y, `typeof ${y} === "string"`)} }`
      return { root, value: y }
    }
    case 'list':
    case 'map':
      return projectItems(source, shape, x)
    case 'record':
      return { root: '', value: `${projectRecord(source, shape, [])}(${x})` }
    case 'union':
      return projectUnion(source, shape, x)
    case 'any':
      return refuseAny()
    case 'ref':
      return emitProject(source, targetOf(shape), x)
  }
}

function projectItems(
  source: Source,
  shape: Shape & { kind: 'list' | 'map' },
  x: string,
): { root: string; value: string } {
  const [n, k, y, z] = [source.fresh('n'), source.fresh('k'), source.fresh('y'), source.fresh('z')]
  if (shape.kind === 'map') {
    const part = emitProject(source, shape.values, z)
    const root = `if (!isKeyed(${x})) bad("not an object");
${enterRead(source)}
const ${k} = Object.keys(${x}), ${n} = ${k}.length, ${y} = {};
if (!(${countTest(shape, n)})) bad("too many items");
for (let j = 0; j < ${n}; j++) {
const key = ${k}[j], ${z} = ${x}[key];
${part.root}
${y}[key] = ${part.value};
}
${leave(source)}`
    return { root, value: y }
  }
  const part = emitProject(source, shape.items, z)
  const index = source.fresh('j')
  const root = `if (!Array.isArray(${x})) bad("not a list");
${enterRead(source)}
const ${n} = ${x}.length, ${y} = new Array(${n});
if (!(${countTest(shape, n)})) bad("too few or too many items");
for (let ${index} = 0; ${index} < ${n}; ${index}++) {
i = ${index};
const ${z} = ${x}[${index}];
${part.root}
${y}[${index}] = ${part.value};
}
i = -1; ${leave(source)}`
  return { root, value: y }
}

function projectRecord(
  source: Source,
  record: RecordShape,
  extra: readonly (readonly [string, string])[],
): string {
  return source.once(record, ['r', 'x', extra.join()], () => emitRecord(source, record, extra))
}

function emitRecord(
  source: Source,
  record: RecordShape,
  extra: readonly (readonly [string, string])[],
): string {
  const vars = record.fields.map(() => source.fresh('v'))
  const lines = vars.length === 0 ? [] : [`let ${vars.join(', ')};`]
  lines.push(enterRead(source), countRecord(record))
  record.fields.forEach((field, index) => {
    const x = source.fresh('x')
    const part = emitProject(source, field.shape, x)
    lines.push(`f = ${index};
const ${x} = ${readField('x', field.name)};
if (${x} !== undefined && ${x} !== null) {\n${part.root}\n${vars[index]} = ${part.value};\n}`)
  })
  lines.push(leave(source), emitFinish(record, vars, extra))
  const head = `if (!isKeyed(x)) bad("not an object");\n`
  return head + emitTraced(source, record, lines.join('\n'))
}

function projectUnion(
  source: Source,
  shape: UnionShape,
  x: string,
): { root: string; value: string } {
  const y = source.fresh('y')
  const cases = shape.branches.map((branch) => {
    const literal = JSON.stringify(branch.literal)
    const extra = [[shape.discriminator, literal]] as const
    return `case ${literal}: ${y} = ${projectRecord(source, branch.record, extra)}(${x}); break;`
  })
  const root = `if (!isKeyed(${x})) bad("not an object");
let ${y};
switch (${readField(x, shape.discriminator)}) {\n${cases.join('\n')}
default: bad("the discriminator names no known kind");\n}`
  return { root, value: y }
}
