// Owns the comparison of our sizes with a published table, and the reason of each difference.
// Never calls a difference explained that was not measured.

import { fromSamples, isEarshotError, type Shape } from 'earshot'
import type { PublishedDocument, PublishedFormat } from './corpus.ts'
import { avroBytes, contractMessagePack, plainMessagePack, protobufBytes } from './encode.ts'
import { Misfit } from './fit.ts'
import { type GzipBy, gzipSize } from './gzip.ts'

export type Verdict =
  | {
      readonly verdict: 'equal' | 'different'
      readonly bytes: number
      readonly gzipBytes: number
      readonly gzipBy: GzipBy
    }
  /** Nothing to compare: the schema is of another document, or we cannot read it. */
  | { readonly verdict: 'misfit'; readonly reason: string }
  | { readonly verdict: 'refused'; readonly code: string; readonly reason: string }

export interface ComparedDocument {
  readonly name: string
  readonly sizes: PublishedDocument['sizes']
  /** Is it the document of the table: minified, with a newline? */
  readonly isSameDocument: boolean
  readonly formats: Readonly<Record<PublishedFormat, Verdict>>
  /** Bytes in MessagePack by one type for the whole document, where one carries it. */
  readonly byContract: ByContract
}

export type ByContract =
  | {
      readonly bytes: number
      /** Whole numbers that are doubles by the type, and how much longer that makes them. */
      readonly doubles: number
      readonly extraBytes: number
    }
  | { readonly code: string; readonly reason: string }

/** A double in MessagePack. */
const DOUBLE_BYTES = 9

export const formats: readonly PublishedFormat[] = ['messagepack', 'avro', 'protobuf']

const makers: Readonly<Record<PublishedFormat, (one: PublishedDocument) => Uint8Array>> = {
  messagepack: ({ json }) => plainMessagePack(json),
  avro: avroBytes,
  protobuf: protobufBytes,
}

export function compareDocument(document: PublishedDocument): ComparedDocument {
  const { name, json, sizes } = document
  const text = `${JSON.stringify(json)}\n`
  return {
    name,
    sizes,
    isSameDocument: Buffer.byteLength(text) === sizes.json.raw,
    formats: {
      messagepack: verdictOf(document, 'messagepack'),
      avro: verdictOf(document, 'avro'),
      protobuf: verdictOf(document, 'protobuf'),
    },
    byContract: byContract(json),
  }
}

function verdictOf(document: PublishedDocument, format: PublishedFormat): Verdict {
  try {
    const bytes = makers[format](document)
    const verdict = bytes.length === document.sizes[format].raw ? 'equal' : 'different'
    const { length: gzipBytes, by: gzipBy } = gzipSize(bytes)
    return { verdict, bytes: bytes.length, gzipBytes, gzipBy }
  } catch (error) {
    if (error instanceof Misfit) return { verdict: 'misfit', reason: error.message }
    if (!isEarshotError(error)) throw error
    return { verdict: 'refused', code: error.code, reason: error.message }
  }
}

function byContract(json: unknown): ByContract {
  try {
    const { shape } = fromSamples([json])
    const bytes = contractMessagePack(json).length
    return { bytes, ...wholeAsDoubles(shape, json) }
  } catch (error) {
    if (isEarshotError(error)) return { code: error.code, reason: error.message }
    throw error
  }
}

/** Whole numbers that are doubles by the type, because others beside them have decimals. */
function wholeAsDoubles(shape: Shape, json: unknown): { doubles: number; extraBytes: number } {
  if (shape.kind === 'float') {
    const extraBytes = DOUBLE_BYTES - plainMessagePack(json).length
    return { doubles: extraBytes === 0 ? 0 : 1, extraBytes }
  }
  const sum = { doubles: 0, extraBytes: 0 }
  for (const [part, value] of partsOf(shape, json)) {
    const { doubles, extraBytes } = wholeAsDoubles(part, value)
    sum.doubles += doubles
    sum.extraBytes += extraBytes
  }
  return sum
}

function partsOf(shape: Shape, json: unknown): (readonly [Shape, unknown])[] {
  switch (shape.kind) {
    case 'list':
      return (json as unknown[]).map((item) => [shape.items, item])
    case 'map':
      return Object.values(json as object).map((item) => [shape.values, item])
    case 'record': {
      const given = json as Record<string, unknown>
      const present = shape.fields.filter(({ name }) => Object.hasOwn(given, name))
      return present.flatMap(({ name, shape: inner }) =>
        given[name] === null ? [] : [[inner, given[name]] as const],
      )
    }
    default:
      return []
  }
}
