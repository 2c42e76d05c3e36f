import { expect, test } from 'vitest'
import { codecNames } from '../../src/codec/codec.ts'
import { formatOf, formats } from '../../src/codec/formats.ts'
import { negotiate } from '../../src/codec/negotiate.ts'
import { conformance } from './conformance.ts'

for (const format of formats) conformance(format)

test('every codec name has a format, in the order of wire numbers', () => {
  expect(formats.map((format) => format.codec)).toEqual(codecNames)
  for (const name of codecNames) expect(formatOf(name).codec).toBe(name)
})

test('negotiation takes the least sum of ranks', () => {
  expect(negotiate(['avro', 'msgpack', 'json'], ['json', 'msgpack', 'avro'])).toBe('json')
  expect(negotiate(['avro', 'json'], ['protobuf', 'avro', 'json'])).toBe('avro')
  expect(negotiate(['avro', 'msgpack'], ['msgpack', 'avro'])).toBe('msgpack')
})

test('negotiation finds nothing when the lists do not overlap', () => {
  expect(negotiate(['avro'], ['json'])).toBeUndefined()
  expect(negotiate([], [])).toBeUndefined()
})
