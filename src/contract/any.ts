// Owns bodies without a type: which schemas say so, and what is refused because of them.
// Never a part of another type: there every field has one.

import { unsupported } from './schema.ts'

/** What says nothing about values. */
const annotations = ['title', 'description', '$id', '$comment', 'examples', '~kind', '~unsafe']

/** `Type.Unknown()`, `Type.Any()`, or a JSON Schema of no keyword that constrains. */
export function isUntyped(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return false
  // TypeBox marks its types with hidden keys that begin with `~`: some do constrain.
  return Object.getOwnPropertyNames(schema).every((key) => annotations.includes(key))
}

/** For formats whose bytes mean nothing without a type. @throws EARSHOT_SHAPE_UNSUPPORTED */
export function refuseAny(path = ''): never {
  const hint = 'give it one, or narrow the channel: { codecs: ["json", "msgpack"] }'
  throw unsupported(path, 'a body without a type in Avro or Protobuf', hint)
}
