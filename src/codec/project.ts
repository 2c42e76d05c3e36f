// Owns the source that makes a reader's value of a writer's: defaults filled, the unknown dropped.
// Never judges whether that is possible: resolve asks the contract first.

import { sourceOfForm } from '../contract/fallback.ts'
import { resolved } from '../contract/link.ts'
import type {
  EnumShape,
  FieldShape,
  RecordShape,
  Shape,
  UnionBranch,
  UnionShape,
} from '../contract/shape.ts'
import { emitFinish, emitTraced, readField, type Source } from './compile.ts'

/**
 * A function name (v) → value, or undefined when every value of the writer is one of the reader as
 * it stands. The functions call what decoders call: `missing`, `bad`, `traced`.
 */
export function defineProjection(source: Source, from: Shape, to: Shape): string | undefined {
  const [writer, reader] = [resolved(from), resolved(to)]
  if (isSameValue(writer, reader, new Map())) return undefined
  if (writer.kind === 'record' && reader.kind === 'record') {
    return projectRecord(source, writer, reader, [])
  }
  if (writer.kind === 'union' && reader.kind === 'union') {
    return projectUnion(source, writer, reader)
  }
  if (writer.kind === 'enum' && reader.kind === 'enum') return projectEnum(source, writer, reader)
  return projectItems(source, writer, reader)
}

/** An expression for the projected `v`. */
function emitProjected(source: Source, writer: Shape, reader: Shape, v: string): string {
  const name = defineProjection(source, writer, reader)
  return name === undefined ? v : `${name}(${v})`
}

/** Records that are taken for the same while what is in them is compared. */
type Assumed = Map<RecordShape, Set<RecordShape>>

/** Is every value of the writer the same value to the reader? Bounds and numbers do not matter. */
function isSameValue(from: Shape, to: Shape, assumed: Assumed): boolean {
  const [writer, reader] = [resolved(from), resolved(to)]
  if (writer.kind === 'list' && reader.kind === 'list') {
    return isSameValue(writer.items, reader.items, assumed)
  }
  if (writer.kind === 'map' && reader.kind === 'map') {
    return isSameValue(writer.values, reader.values, assumed)
  }
  if (writer.kind === 'enum' && reader.kind === 'enum') {
    return writer.symbols.every((symbol) => reader.symbols.includes(symbol))
  }
  if (writer.kind === 'union' && reader.kind === 'union') {
    return (
      writer.discriminator === reader.discriminator &&
      writer.branches.every(({ literal, record }) => {
        const other = branchOf(reader, literal)
        return other !== undefined && isSameRecord(record, other.record, assumed)
      })
    )
  }
  if (writer.kind === 'record' && reader.kind === 'record') {
    return isSameRecord(writer, reader, assumed)
  }
  return true
}

function branchOf(shape: UnionShape, literal: string): UnionBranch | undefined {
  return shape.branches.find((branch) => branch.literal === literal)
}

/** The same fields in the same order, present and absent alike. */
function isSameRecord(writer: RecordShape, reader: RecordShape, assumed: Assumed): boolean {
  if (writer.fields.length !== reader.fields.length) return false
  const known = assumed.get(writer) ?? new Set()
  if (known.has(reader)) return true
  assumed.set(writer, known.add(reader))
  return writer.fields.every((field, index) => {
    const other = reader.fields[index] as FieldShape
    return (
      field.name === other.name &&
      fillOf(field) === fillOf(other) &&
      isSameValue(field.shape, other.shape, assumed)
    )
  })
}

/** What a decoder puts where a field is absent. */
function fillOf(field: FieldShape): string {
  if (field.fallback !== undefined) return JSON.stringify(field.fallback)
  return field.optional ? 'nothing' : field.nullable ? 'null' : 'error'
}

function projectEnum(source: Source, writer: EnumShape, reader: EnumShape): string {
  const known = writer.symbols.filter((symbol) => reader.symbols.includes(symbol))
  const cases = known.map((symbol) => `case ${JSON.stringify(symbol)}:`).join(' ')
  const other =
    reader.unknown === undefined
      ? 'bad("a symbol that the reader does not know");'
      : `return ${JSON.stringify(reader.unknown)};`
  const body = known.length === 0 ? other : `switch (v) { ${cases} return v;\ndefault: ${other} }`
  return source.define('q', 'v', body)
}

function projectItems(source: Source, writer: Shape, reader: Shape): string {
  if (writer.kind === 'list' && reader.kind === 'list') {
    const item = emitProjected(source, writer.items, reader.items, 'v[j]')
    const body = `const n = v.length, y = new Array(n);
let i = -1, j = 0;
try { for (; j < n; j++) { i = j; y[j] = ${item}; } }
catch (thrown) { throw tracedItem(thrown, i); }
return y;`
    return source.define('q', 'v', body)
  }
  if (writer.kind === 'map' && reader.kind === 'map') {
    const value = emitProjected(source, writer.values, reader.values, 'v[key]')
    return source.define(
      'q',
      'v',
      `const y = {};\nfor (const key of Object.keys(v)) y[key] = ${value};\nreturn y;`,
    )
  }
  return source.define('q', 'v', 'return v;')
}

function projectRecord(
  source: Source,
  writer: RecordShape,
  reader: RecordShape,
  extra: readonly (readonly [string, string])[],
): string {
  const variant = `${source.idOf(reader)} ${extra.join()}`
  return source.once(writer, ['q', 'v', variant], () => {
    return emitRecord(source, writer, reader, extra)
  })
}

function emitRecord(
  source: Source,
  writer: RecordShape,
  reader: RecordShape,
  extra: readonly (readonly [string, string])[],
): string {
  const vars = reader.fields.map(() => source.fresh('v'))
  const lines = vars.length === 0 ? [] : [`let ${vars.join(', ')};`]
  reader.fields.forEach((field, index) => {
    const sent = writer.fields.find(({ name }) => name === field.name)
    const v = vars[index] as string
    if (!sent) {
      const { shape, missing } = field
      if (missing !== undefined) lines.push(`${v} = ${sourceOfForm(shape, missing)};`)
      return
    }
    const value = emitProjected(source, sent.shape, field.shape, v)
    lines.push(`f = ${index};\n${v} = ${readField('v', field.name)};`)
    // Null and absent mean the same: the reader has its own way to say it.
    if (sent.nullable) lines.push(`if (${v} === null) ${v} = undefined;`)
    if (value !== v) lines.push(`if (${v} !== undefined) ${v} = ${value};`)
  })
  lines.push(emitFinish(reader, vars, extra))
  return emitTraced(source, reader, lines.join('\n'))
}

function projectUnion(source: Source, writer: UnionShape, reader: UnionShape): string {
  const cases = writer.branches.map(({ literal, record }) => {
    const text = JSON.stringify(literal)
    const other = branchOf(reader, literal)
    if (!other) return `case ${text}: return bad("a kind that the reader does not know");`
    const extra = [[reader.discriminator, text]] as const
    return `case ${text}: return ${projectRecord(source, record, other.record, extra)}(v);`
  })
  return source.define(
    'q',
    'v',
    `switch (${readField('v', writer.discriminator)}) {\n${cases.join('\n')}\n}`,
  )
}
