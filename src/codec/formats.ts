// Owns the table of the formats. A new codec is a file and a row here.

import { assert } from '../base/errors.ts'
import { avro } from './avro.ts'
import type { CodecName, Format } from './codec.ts'
import { json } from './json.ts'
import { msgpack } from './msgpack.ts'
import { protobuf } from './protobuf.ts'

/** In the order of their wire numbers, as `codecNames`. */
export const formats: readonly Format[] = [json, msgpack, avro, protobuf]

/** The format of a codec. */
export function formatOf(name: CodecName): Format {
  const format = formats.find((candidate) => candidate.codec === name)
  assert(format !== undefined, `no format called ${name}`)
  return format
}
