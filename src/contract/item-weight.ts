// Owns what items and records count, by the memory that they take where next to nothing of them is
// on the wire. Never looks at a value: it is the same on both sides.

import { hasRef } from './link.ts'
import type { FieldShape, RecordShape, Shape } from './shape.ts'

/** A record without fields takes no bytes in Avro, but memory all the same. */
const emptyWeight = 16
/** A record counts one for each so many, rounded down: some 17 MB in all, by default. */
const filledBytes = 128
const listBytes = 48
const bytesBytes = 128
const recordBytes = 64

/** How much an item of a list or a map counts. */
export function itemWeight(items: Shape): number {
  return carriesNothing(items) ? emptyWeight : 1
}

function carriesNothing(shape: Shape): boolean {
  return (
    shape.kind === 'record' &&
    shape.fields.every((field) => !field.optional && !field.nullable && carriesNothing(field.shape))
  )
}

/** Beyond the items: one message has room for its own defaults, whatever the limit. */
const ownFill = 4_096

/** What all records of a message together may count. */
export function fillOf(maxItems: number): number {
  return maxItems + ownFill
}

const known = new WeakMap<RecordShape, number>()

/**
 * How much each record of that type counts, wherever it stands: for its defaults, which two bytes
 * of Protobuf can bring about, and for being one of those that may go on within each other.
 */
export function recordWeight(record: RecordShape): number {
  const before = known.get(record)
  if (before !== undefined) return before
  const filled = record.fields.reduce((sum, field) => sum + filledField(field), 0)
  const weight = Math.max(hasRef(record) ? 1 : 0, Math.floor(filled / filledBytes))
  known.set(record, weight)
  return weight
}

/** Bytes of memory that a reader fills in by itself, or for a record without content. */
function filledField({ shape, fallback, optional, nullable }: FieldShape): number {
  if (fallback !== undefined) return listBytes + 8 * JSON.stringify(fallback).length
  if (['record', 'union', 'ref'].includes(shape.kind)) return recordBytes
  if (optional || nullable) return 0
  if (shape.kind === 'list' || shape.kind === 'map') return listBytes
  return shape.kind === 'bytes' ? bytesBytes : 8
}
