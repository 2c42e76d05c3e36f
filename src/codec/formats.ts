// Owns the table of the formats. A new codec is a file and a row here.

import { checkText } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'
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
  if (format) return format
  const known = formats.map(({ codec }) => codec).join(', ')
  checkText(name, '/codec', `one of ${known}`)
  const text = `there is no codec ${JSON.stringify(name)}: it is one of ${known}`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/codec' })
}
