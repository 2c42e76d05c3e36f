// Owns the table of known attacks on the four formats: bytes, and the type they are read as.
// Never mutates: codec-child.js does that.

import { Type } from 'typebox'
import { Bytes } from '../../dist/src/contract/bytes.js'
import { Decimal } from '../../dist/src/contract/decimal.js'

const empties = Type.Array(Type.Object({}))
const strings = Type.Array(Type.String())
const doubles = Type.Array(Type.Number())
const longs = Type.Array(Type.Integer())
const plain = Type.Object({ a: Type.Optional(Type.Integer()), s: Type.Optional(Type.String()) })
const map = Type.Record(Type.String(), Type.String())
const maps = Type.Object({
  m: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())),
})
const raw = Type.Object({ b: Bytes() })
const text = Type.Object({ s: Type.String() })
const lists = Type.Array(Type.Array(Type.Array(Type.Object({}))))

const tree = Type.Cyclic(
  {
    Tree: Type.Object({
      kids: Type.Array(Type.Ref('Tree')),
      next: Type.Optional(Type.Ref('Tree')),
    }),
  },
  'Tree',
)
const decimals = Type.Array(Decimal({ precision: 1_000, scale: 500 }))
const wide = Decimal({ precision: 4, length: 8_000_000, name: 'Wide' })
const fixed = Type.Array(Bytes({ length: 4_096, name: 'Page' }))
const nulls = Type.Array(
  Type.Union([
    Type.Object({ kind: Type.Literal('null') }, { bare: true }),
    Type.Object({ kind: Type.Literal('n'), value: Type.Integer() }, { bare: true }),
  ]),
)

function hex(codec, name, type, bytes) {
  return { codec, name, type, bytes: () => Buffer.from(bytes.replaceAll(' ', ''), 'hex') }
}

function made(codec, name, type, bytes) {
  return { codec, name, type, bytes: () => Buffer.from(bytes()) }
}

/** Messages in each other under one tag. */
function nested(levels, tag) {
  let bytes = []
  for (let level = 0; level < levels; level++) {
    let size = bytes.length
    const head = [tag]
    for (; size > 127; size >>= 7) head.push((size & 127) | 128)
    bytes = [...head, size, ...bytes]
  }
  return bytes
}

/** 2^30 as a zigzag varint, and −2^30 with a block size after it. */
const many = '8080808008'
const negative = 'ffffffff07 02'

const avro = [
  hex('avro', 'list of 2^30 empty records', empties, `${many} 00`),
  hex('avro', 'list of 2^30 empty records, negative block', empties, `${negative} 00`),
  hex('avro', 'list of 2^30 strings', strings, `${many} 00`),
  hex('avro', 'list of 2^30 strings, negative block', strings, `${negative} 00`),
  hex('avro', 'list of 2^30 doubles', doubles, `${many} 00`),
  hex('avro', 'list of 2^24 longs', longs, '80808010 00'),
  hex('avro', 'map of 2^30', map, `${many} 00`),
  made('avro', 'blocks of the largest allowed empty lists', lists, () => {
    return Array.from({ length: 300_000 }, (_, at) => (at % 3 === 2 ? 0 : 0x7e))
  }),
  hex('avro', 'string of 2^31', text, '8080808010 61'),
  hex('avro', 'string of 2^40', text, '80808080808040 61'),
  hex('avro', 'string of negative length', text, '01 61'),
  hex('avro', 'bytes of 2^31', raw, '8080808010 61'),
  hex('avro', 'map key __proto__', maps, '02 12 5f5f70726f746f5f5f 02 0261 0262 00 00'),
  hex('avro', 'int with 2^40', Type.Integer({ format: 'int32' }), '80808080808040'),
  hex('avro', 'varint of eleven bytes', Type.Integer(), 'ffffffffffffffffffff01'),
  hex('avro', 'text that is not UTF-8', text, '04 c328'),
  made('avro', '200 000 records in a list each', tree, () => new Array(200_000).fill(2)),
  made('avro', '200 000 records in a field each', tree, () => {
    return Array.from({ length: 400_000 }, (_, at) => (at % 2 ? 2 : 0))
  }),
  hex('avro', 'list of 2^30 of itself', tree, `${many} 00`),
  hex('avro', 'list of 2^30 fixed', fixed, `${many} 00`),
  hex('avro', 'list of 2^30 nulls in a union', nulls, `${many} 00`),
]

const digits = [
  hex('avro', 'a decimal of 2^30 bytes', decimals, `02 ${many}`),
  hex('avro', 'a decimal of no bytes', decimals, '02 00 00'),
  hex('avro', '2^30 decimals', decimals, many),
  made('avro', 'a decimal of 8 million bytes', wide, () => Buffer.alloc(8_000_000, 1)),
  made('json', 'a decimal of 8 million digits', decimals, () => `["${'9'.repeat(8_000_000)}"]`),
]

const msgpack = [
  hex('msgpack', 'array32 of 2^32-1', empties, 'ddffffffff'),
  hex('msgpack', 'map32 of 2^32-1', map, 'dfffffffff'),
  hex('msgpack', 'map32 of 2^32-1 as a record', plain, 'dfffffffff'),
  hex(
    'msgpack',
    'nested array32 bombs, skipped',
    plain,
    '81 a17a ddffffffff ddffffffff ddffffffff',
  ),
  hex('msgpack', 'str32 of 2^31', text, '81 a173 db80000000 61'),
  hex('msgpack', 'bin32 of 2^31', raw, '81 a162 c680000000 61'),
  made('msgpack', '200 000 nested arrays, skipped', plain, () => {
    return [0x81, 0xa1, 0x7a, ...new Array(200_000).fill(0x91), 0xc0]
  }),
  made('msgpack', '200 000 nested maps, skipped', plain, () => {
    return [0x81, 0xa1, 0x7a, ...new Array(200_000).fill(0x81)]
  }),
  hex('msgpack', 'key __proto__ in a map', map, '81 a9 5f5f70726f746f5f5f a178'),
  hex('msgpack', 'key __proto__ in a record', plain, '81 a9 5f5f70726f746f5f5f 80'),
  hex('msgpack', 'record definition of msgpackr', plain, 'd47240 92a161a162 0102'),
  hex('msgpack', 'record definition, skipped', plain, '81 a17a d47240 92a161a162 0102'),
  hex('msgpack', 'text that is not UTF-8', text, '81 a173 a2c328'),
  hex('msgpack', 'surrogate in UTF-8', text, '81 a173 a3eda080'),
  made('msgpack', '100 000 records in a list each', tree, () => {
    const level = [0x81, 0xa4, 0x6b, 0x69, 0x64, 0x73, 0x91]
    return Array.from({ length: 700_000 }, (_, at) => level[at % 7])
  }),
  made('msgpack', '100 000 records in a field each', tree, () => {
    const level = [0x82, 0xa4, 0x6b, 0x69, 0x64, 0x73, 0x90, 0xa4, 0x6e, 0x65, 0x78, 0x74]
    return Array.from({ length: 1_200_000 }, (_, at) => level[at % 12])
  }),
]

const protobuf = [
  hex('protobuf', 'string of 2^31', text, '0a 8080808008 61'),
  hex('protobuf', 'packed list of 2^31', longs, '0a 8080808008 01'),
  hex('protobuf', 'packed doubles of 2^31', doubles, '0a 8080808008 01'),
  made('protobuf', '100 000 groups, skipped', plain, () => new Array(100_000).fill(0x7b)),
  made('protobuf', '2 000 nested messages, skipped', plain, () => {
    let bytes = Buffer.alloc(0)
    for (let depth = 0; depth < 2_000; depth++) {
      const size = [(bytes.length & 127) | 128, (bytes.length >> 7) & 127]
      bytes = Buffer.concat([Buffer.from([0x7a, ...size]), bytes.subarray(0, 16_000)])
    }
    return bytes
  }),
  made('protobuf', '200 000 empty records', empties, () => {
    return Array.from({ length: 400_000 }, (_, at) => (at % 2 ? 0 : 0x0a))
  }),
  hex('protobuf', 'key __proto__ in a map', map, '0a 0e 0a09 5f5f70726f746f5f5f 1201 61'),
  hex('protobuf', 'text that is not UTF-8', text, '0a 02 c328'),
  hex('protobuf', 'field number 0', plain, '00 00'),
  made('protobuf', '5 000 records in each other', tree, () => nested(5_000, 0x0a)),
  made('protobuf', '5 000 records in a field each', tree, () => nested(5_000, 0x12)),
  made('protobuf', '4 million fields that nobody knows', plain, () =>
    Buffer.alloc(8e6, '7801', 'hex'),
  ),
  made('protobuf', '4 million groups', plain, () => Buffer.alloc(8e6, '7b7c', 'hex')),
  made('protobuf', 'one field 4 million times', text, () => Buffer.alloc(8e6, '0a00', 'hex')),
  made('protobuf', 'one key of a map 4 million times', map, () => {
    return Buffer.concat([Buffer.from('0a80a4e803', 'hex'), Buffer.alloc(8_000_000, '0a00', 'hex')])
  }),
  hex('protobuf', 'varint of eleven bytes', plain, '08 ffffffffffffffffffff01'),
]

const json = [
  made('json', '200 000 nested arrays, skipped', plain, () => {
    return `{"z":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
  }),
  made('json', '200 000 nested arrays as a list', lists, () => {
    return `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  }),
  made('json', '3 million empty objects', plain, () => `{"z":[${'{},'.repeat(3_000_000)}{}]}`),
  made('json', 'key __proto__ in a map', map, () => '{"__proto__":"x"}'),
  made('json', 'key __proto__ in a record', plain, () => '{"__proto__":{"admin":true}}'),
  made('json', '2^63-1 as a number', Type.Integer(), () => '9223372036854775807'),
  made('json', '1e400', Type.Number(), () => '1e400'),
  made('json', '2 000 records in each other', tree, () => {
    return `${'{"kids":['.repeat(2_000)}{"kids":[]}${']}'.repeat(2_000)}`
  }),
  made('json', '2 000 records in a field each', tree, () => {
    return `${'{"kids":[],"next":'.repeat(2_000)}{"kids":[]}${'}'.repeat(2_000)}`
  }),
  made('json', 'text that is not UTF-8', text, () => Buffer.from('7b2273223a22c328227d', 'hex')),
  made('json', 'lone surrogate', text, () => '{"s":"\\ud800"}'),
]

/** Attacks that must be refused, but for those that only put rubbish where it is skipped. */
export const rows = [...avro, ...digits, ...msgpack, ...protobuf, ...json]
