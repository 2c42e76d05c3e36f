// Owns what messages of one decimal meet at readers of another. Never looks at a value.

import type { Fault } from './change.ts'
import type { DecimalShape } from './shape.ts'

/**
 * The precision is a bound, as maxLength is: the bytes are the same. The scale is the unit in which
 * Avro counts, and how a text ends everywhere: two scales are two types.
 */
export function decimalFaults(
  writer: DecimalShape,
  reader: DecimalShape,
): readonly Omit<Fault, 'path'>[] {
  if (writer.scale !== reader.scale) {
    // In one order, so that both directions say the same.
    const [less, more] = [writer.scale, reader.scale].sort((a, b) => a - b)
    const reason = `${less} and ${more} digits after the point are two types`
    return [{ codec: 'all', healing: 'none', reason }]
  }
  return [...precisionFaults(writer, reader), ...formFaults(writer, reader)]
}

function precisionFaults(writer: DecimalShape, reader: DecimalShape): Omit<Fault, 'path'>[] {
  const [is, taken] = [writer.precision, reader.precision]
  if (is === taken) return []
  const told = 'other Avro readers take decimals of their own precision alone'
  const faults: Omit<Fault, 'path'>[] = [{ codec: 'avro', healing: 'not needed', reason: told }]
  if (is < taken) return faults
  const reason = `the reader takes at most ${taken} digits, the writer has ${is}`
  return [...faults, { codec: 'all', healing: 'by bounds', reason }]
}

/** Bytes or fixed, of which length, by which name. */
function formFaults(writer: DecimalShape, reader: DecimalShape): Omit<Fault, 'path'>[] {
  if (writer.length !== reader.length) {
    const [is, taken] = [writer, reader].map(({ length }) => {
      return length === undefined ? 'as many bytes as it needs' : `${length} bytes`
    })
    const reason = `a decimal in ${is} is not read as one in ${taken}`
    return [{ codec: 'avro', healing: 'by shape', reason }]
  }
  if (writer.name === reader.name) return []
  const reason = `the fixed ${writer.name} is called ${reader.name} by the reader`
  return [{ codec: 'avro', healing: 'not needed', reason }]
}
