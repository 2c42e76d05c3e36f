// Owns the pair of avsc: reflected types from a schema written by hand, in place.

import avro from 'avsc'
import { avroSchemas } from './library-schemas.ts'
import type { Pair } from './pair.ts'
import type { ShapeName } from './shape-names.ts'

export function avscPair(shape: ShapeName): Pair {
  const type = avro.Type.forSchema(avroSchemas[shape] as avro.Schema)
  return {
    encode(value, buffer, position) {
      const end = type.encode(value, buffer, position)
      if (end < 0) throw new Error('avsc needs more room')
      return end
    },
    decode: (buffer, start) => type.decode(buffer, start).value,
  }
}
