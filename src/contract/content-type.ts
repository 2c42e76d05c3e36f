// Owns the name of a body's format for the world outside: contract, codec and major version.
// Never used on the wire between peers: there the hello has agreed.

import type { CodecLabel } from './channel.ts'

/**
 * `application/vnd.shop.orders+avro; version=1`: a body of that contract in that codec.
 * @param key of the channel: contract, major version, channel
 * Source: RFC 6838, section 3.2 (vendor tree) and 4.2.8 (structured syntax suffix)
 */
export function contentTypeOf(key: string, codec: CodecLabel): string {
  const [contract, major] = key.split('/')
  return `application/vnd.${contract}+${codec}; version=${major}`
}
