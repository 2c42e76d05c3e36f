// A oneof of a .proto file has values in which none of its fields is set.

import protobufjs from 'protobufjs'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { protobuf } from '../../src/codec/protobuf.ts'
import { fromProto } from '../../src/contract/from-proto.ts'
import type { Shape } from '../../src/contract/shape.ts'

test('a oneof of messages alone has values where none is set, or one more', () => {
  const text = `syntax = "proto3"; package t;
message Op { oneof request { Get get = 1; Put put = 2; } }
message Get { string key = 1; } message Put { string key = 1; }
message Txn { repeated Op ops = 1; Op last = 2; }`
  const codec = protobuf.compile(fromProto(text).messages.get('t.Txn') as Shape, defaultLimits)
  const type = protobufjs.parse(text, { keepCase: true }).root.lookupType('t.Txn')
  const value = { ops: [{ get: { key: 'a' } }, {}, { put: { key: '' } }], last: {} }
  const theirs = Buffer.from(type.encode(type.fromObject(value)).finish())
  expect(codec.decode(theirs, 0, theirs.length)).toEqual(value)
  const room = Buffer.alloc(50)
  const end = codec.encodeInto(value, room, 0)
  expect(room.toString('hex', 0, end)).toBe(theirs.toString('hex'))
  // A branch of a later version: a field that nobody here knows.
  const later = Buffer.from('12021a00', 'hex')
  expect(codec.decode(later, 0, later.length)).toEqual({ ops: [], last: {} })
})
