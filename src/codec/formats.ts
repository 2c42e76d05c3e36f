// Owns the table of the formats. A new codec is a file and a row here.

import { checkArgument } from '../base/arguments.ts'
import { avro } from './avro.ts'
import type { CodecName, Format } from './codec.ts'
import { json } from './json.ts'
import { msgpack } from './msgpack.ts'
import { protobuf } from './protobuf.ts'

/** In the order of their wire numbers, as `codecNames`. */
export const formats: readonly Format[] = [json, msgpack, avro, protobuf]

/** The format of a codec. @throws EARSHOT_OPTION_INVALID for what is none */
export function formatOf(name: CodecName): Format {
  const format = formats.find((candidate) => candidate.codec === name)
  const wanted = `one of ${formats.map(({ codec }) => codec).join(', ')}`
  checkArgument(format !== undefined, '/codec', wanted, name)
  return format as Format
}
