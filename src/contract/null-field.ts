// Owns the fields of a record whose only value is null: in Avro they have a place and no bytes.
// Never on the wire, and never in a value that was read: null means absent.

import type { FieldShape, NullField, RecordShape } from './shape.ts'

/** All of a record in the order of tags, as its schema elsewhere has it. */
export function partsOf({ fields, nulls = [] }: RecordShape): readonly (FieldShape | NullField)[] {
  return nulls.length === 0 ? fields : [...fields, ...nulls].sort((a, b) => a.tag - b.tag)
}

/** Has it a value? */
export function isField(part: FieldShape | NullField): part is FieldShape {
  return 'shape' in part
}

/** The record of these parts, which are in the order of their tags. */
export function recordOfParts(
  name: string,
  parts: readonly (FieldShape | NullField)[],
): RecordShape {
  const fields = parts.filter(isField)
  const nulls = parts.filter((part) => !isField(part))
  return { kind: 'record', name, fields, ...(nulls.length > 0 && { nulls }) }
}
