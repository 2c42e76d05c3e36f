// Owns what messages of one logical type, or of bytes of one length, meet at readers of another.
// Never looks at a value.

import type { Fault } from './change.ts'
import type { BytesShape, IntShape, StringShape } from './shape.ts'

type Told = readonly Omit<Fault, 'path'>[]
type Named = IntShape | StringShape | BytesShape

/**
 * To give a type a meaning, or to take it away, changes no value. Another meaning makes another
 * value of each: two logical types are two types, as two scales of a decimal are.
 */
export function logicalFaults(writer: Named, reader: Named): Told {
  const [is, taken] = [writer.logical, reader.logical]
  if (is === taken) return []
  if (is !== undefined && taken !== undefined) {
    // In one order, so that both directions say the same.
    const [one, other] = [is, taken].sort()
    const reason = `${one} and ${other} are two types, of other values in the same bytes`
    return [{ codec: 'all', healing: 'none', reason }]
  }
  const plain = writer.kind === 'int' ? 'a plain integer' : `plain ${writer.kind}`
  const reason = `${is ?? plain} is read as ${taken ?? plain}`
  return [{ codec: 'all', healing: 'not needed', reason }]
}

export function lengthFaults(writer: BytesShape, reader: BytesShape): Told {
  const [is, wanted] = [writer.length, reader.length]
  if (is === wanted) {
    if (writer.name === reader.name) return []
    const reason = `the fixed ${writer.name} is called ${reader.name} by the reader`
    return [{ codec: 'avro', healing: 'not needed', reason }]
  }
  const [some, others] = [is ?? 'any', wanted ?? 'any'].map((length) => `${length} bytes`)
  if (is !== undefined && wanted !== undefined) {
    const reason = `${some} are not the ${others} that the reader takes`
    return [{ codec: 'all', healing: 'none', reason }]
  }
  const form = 'fixed is not read as bytes, or bytes as fixed'
  const told: Told = [{ codec: 'avro', healing: 'by shape', reason: form }]
  if (wanted === undefined) return told
  const reason = `the reader takes ${others} alone`
  return [...told, { codec: 'all', healing: 'by bounds', reason }]
}
