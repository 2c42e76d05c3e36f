import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { createCodec } from '../../src/codec/bodies.ts'
import { type CodecName, codecNames } from '../../src/codec/codec.ts'
import { formatOf, formats } from '../../src/codec/formats.ts'
import { negotiate } from '../../src/codec/negotiate.ts'
import { resolve } from '../../src/codec/resolve.ts'
import { event } from '../../src/contract/channel.ts'
import { contract } from '../../src/contract/contract.ts'
import { conformance } from './conformance.ts'
import { thrownBy } from './thrown.ts'

for (const format of formats) conformance(format)

test('every codec name has a format, in the order of wire numbers', () => {
  expect(formats.map((format) => format.codec)).toEqual(codecNames)
  for (const name of codecNames) expect(formatOf(name).codec).toBe(name)
})

test('what is no codec or no channel is a wrong option, told by name', () => {
  const shape = { kind: 'string' } as const
  const { said } = contract('a.b', '1.0.0', { said: event(Type.String()) })
  const calls = [
    () => createCodec(said, 'protobuff' as CodecName),
    () => resolve('protobuff' as CodecName, shape, shape),
    () => createCodec(shape as never, 'json'),
    () => createCodec(undefined as never, 'json'),
  ]
  const errors = calls.map((call) => thrownBy(call))
  const paths = ['/codec', '/codec', '/channel', '/channel']
  expect(errors.map((error) => error?.path)).toEqual(paths)
  for (const error of errors) expect(error?.code).toBe('EARSHOT_OPTION_INVALID')
  expect(errors[0]?.message).toContain('"protobuff": it is one of json, msgpack, avro, protobuf')
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
