// Owns the pair of protobufjs: reflected types from a .proto file written by hand, in place.

import protobuf from 'protobufjs'
import { protoFile, protoNames } from './library-schemas.ts'
import type { Pair } from './pair.ts'
import type { ShapeName } from './shape-names.ts'

// 64-bit integers as numbers, as its users ask for who need no more than 2^53: faster than Long.
protobuf.util.Long = null as never
protobuf.configure()

const { root } = protobuf.parse(protoFile)

export function protobufjsPair(shape: ShapeName): Pair {
  const type = root.lookupType(protoNames[shape])
  // Writing into a given buffer is no documented use of a Writer, but several times faster.
  const writer = protobuf.Writer.create() as protobuf.Writer & {
    buf: Uint8Array
    pos: number
    view: DataView | null
  }
  let reader = protobuf.Reader.create(Buffer.alloc(1))
  return {
    encode(value, buffer, position) {
      if (writer.buf !== buffer) {
        writer.buf = buffer
        writer.view = null
      }
      writer.pos = position
      type.encode(value as object, writer)
      if (writer.buf !== buffer) throw new Error('protobufjs left the buffer that it was given')
      return writer.pos
    },
    decode(buffer, start, end) {
      if (reader.buf !== buffer) reader = protobuf.Reader.create(buffer)
      reader.pos = start
      return type.decode(reader, end - start)
    },
    // Absent scalars are on the prototype of a message; its users read them all the same.
    plain: (decoded) => type.toObject(decoded as protobuf.Message, { defaults: true }),
  }
}
