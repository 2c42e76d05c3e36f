import { isDeepStrictEqual } from 'node:util'
import protobufjs from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { protobuf } from '../../src/codec/protobuf.ts'
import { fromProto } from '../../src/contract/from-proto.ts'
import type { RecordShape, Shape } from '../../src/contract/shape.ts'
import { thrownBy } from '../codec/thrown.ts'

/** As they are written elsewhere: options, comments, nested types, reserved numbers. */
const library = `
// Copyright of somebody.
syntax = "proto3";
package library.v1;

import "google/protobuf/timestamp.proto";
import "google/protobuf/descriptor.proto";

option java_package = "com.example.library";
option (my.option) = { a: 1 b: [ "x" ] };

extend google.protobuf.FieldOptions { optional string note = 50_1; }

/* A book. */
message Book {
  reserved 9, 15 to 20;
  reserved "old";
  // Its number.
  string isbn = 1 [deprecated = true, (my.note) = { x: "y" }, json_name = "ISBN"];
  int32 pages = 2;
  sint64 balance = 3;
  uint32 copies = 4;
  fixed64 hash = 5 [jstype = JS_STRING];
  repeated double scores = 6;
  map<string, Author> authors = 7;
  map<int32, string> shelves = 8;
  Genre genre = 10;
  optional bool lent = 11;
  .google.protobuf.Timestamp added = 12;
  oneof source { string gift = 13; Shop shop = 14; }
  message Shop { string name = 1; Genre genre = 2; }
  enum Genre { GENRE_UNSPECIFIED = 0; NOVEL = 1; ESSAY = 5; }
  float weight = 21;
  bytes cover = 22;
}

message Author { string name = 1; }
message Found { oneof branch { Book book = 3; Author author = 1; } }
message GetBook { string isbn = 1; }

service Library {
  option (x) = "y";
  rpc GetBook (GetBook) returns (Book) { option (google.api.http) = { get: "/v1/{isbn}" }; }
  rpc Find(.library.v1.GetBook) returns (Found);
}
`.replace('50_1', '501')

const book = {
  isbn: '1',
  pages: -3,
  balance: -5,
  copies: 4_000_000_000,
  hash: 2n ** 62n,
  scores: [1.5, 2],
  authors: { a: { name: 'A' } },
  shelves: [
    { key: 3, value: 'x' },
    { key: -1, value: '' },
  ],
  genre: 'ESSAY',
  lent: false,
  added: { seconds: 1_700_000_000, nanos: 5 },
  shop: { name: 'S', genre: 'NOVEL' },
  weight: 0.5,
  cover: new Uint8Array([1, 2]),
}

function shapeIn(text: string, name: string): Shape {
  const shape = fromProto(text).messages.get(name)
  if (!shape) throw new Error(`no ${name}`)
  return shape
}

describe('a .proto file', () => {
  test('of somebody else becomes shapes whose bytes others read', () => {
    const codec = protobuf.compile(shapeIn(library, 'library.v1.Book'), defaultLimits)
    const room = Buffer.alloc(500)
    const end = codec.encodeInto(book, room, 0)
    const text = library.replace(/extend[^\n]*\n/, '').replace(/option \(my[^\n]*\n/, '')
    const timestamp =
      'syntax = "proto3"; package google.protobuf;\n' +
      'message Timestamp { int64 seconds = 1; int32 nanos = 2; }'
    const root = new protobufjs.Root()
    protobufjs.parse(timestamp, root)
    protobufjs.parse(text, root, { keepCase: true })
    const type = root.resolveAll().lookupType('library.v1.Book')
    const read = type.toObject(type.decode(room.subarray(0, end)), { longs: String, enums: String })
    expect(read).toMatchObject({
      ...{ isbn: '1', pages: -3, balance: '-5', copies: 4_000_000_000, hash: String(2n ** 62n) },
      ...{ scores: [1.5, 2], genre: 'ESSAY', lent: false, shop: { name: 'S', genre: 'NOVEL' } },
      ...{ authors: { a: { name: 'A' } }, shelves: { 3: 'x', [-1]: '' } },
      ...{ added: { seconds: '1700000000', nanos: 5 }, weight: 0.5 },
    })
    const theirs = Buffer.from(type.encode(type.decode(room.subarray(0, end))).finish())
    expect(isDeepStrictEqual(codec.decode(theirs, 0, theirs.length), book)).toBe(true)
  })

  test('gives presence, zeros and symbols for the unknown', () => {
    const codec = protobuf.compile(shapeIn(library, 'library.v1.Book'), defaultLimits)
    const bytes = Buffer.from('5063', 'hex')
    expect(codec.decode(bytes, 0, 2)).toEqual({
      ...{ isbn: '', pages: 0, balance: 0, copies: 0, hash: 0n, scores: [], authors: {} },
      ...{ shelves: [], genre: 'GENRE_UNSPECIFIED', weight: 0, cover: new Uint8Array(0) },
    })
  })

  test('keeps comments, nested names and the union of a oneof', () => {
    const shape = shapeIn(library, 'library.v1.Book') as RecordShape
    expect(shape.fields[0]?.doc).toBe('Its number.')
    expect(shape.fields.map(({ tag }) => tag)).toEqual(
      [...shape.fields.map(({ tag }) => tag)].sort((a, b) => a - b),
    )
    expect(shape.fields.find(({ name }) => name === 'shop')).toMatchObject({
      optional: true,
      shape: { name: 'Book_Shop' },
    })
    expect(shapeIn(library, 'library.v1.Found')).toMatchObject({
      kind: 'union',
      discriminator: 'kind',
      branches: [
        { literal: 'author', tag: 1 },
        { literal: 'book', tag: 3 },
      ],
    })
  })

  test('makes a contract of a service, an rpc a request', () => {
    const [made] = fromProto(library, { version: '1.4.0' }).contracts
    expect(made).toMatchObject({ name: 'library.v1.Library', version: '1.4.0' })
    expect(made?.channels.map(({ name, kind }) => [name, kind])).toEqual([
      ['getBook', 'request'],
      ['find', 'request'],
    ])
    expect(made?.channels[1]?.replyShape).toMatchObject({ kind: 'union', name: 'Found' })
  })

  test('reads imports that are handed over, and asks for those that are not', () => {
    const text = 'syntax = "proto3"; import "a/b.proto"; message M { b.X x = 1; }'
    const imports = { 'a/b.proto': 'syntax = "proto3"; package b; message X { string s = 1; }' }
    const { messages } = fromProto(text, { imports })
    expect([...messages.keys()]).toEqual(['M'])
    expect(fromProto(text, { imports: (path) => imports[path as 'a/b.proto'] }).messages.size).toBe(
      1,
    )
    const error = thrownBy(() => fromProto(text))
    expect(error?.code).toBe('EARSHOT_SCHEMA_INVALID')
    expect(error?.message).toContain('imports: { path: text }')
  })

  test('is read in part where asked', () => {
    const text = `syntax = "proto3"; message M { E e = 1; } enum E { A = 0; B = -1; } message N {}
service S { rpc One(N) returns (N); rpc Bad(M) returns (N); }`
    const error = thrownBy(() => fromProto(text))
    expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
    const { messages, contracts, refused } = fromProto(text, { partial: true })
    expect([...messages.keys()]).toEqual(['N'])
    expect(contracts[0]?.channels.map(({ name }) => name)).toEqual(['one'])
    expect([...refused.keys()]).toEqual(['M', 'S/Bad'])
  })
})

const old = `
package old;
option java_package = "x";
message Point {
  required int32 x = 1;
  optional int32 y = 2 [default = -7];
  optional string name = 3 [default = "a\\n\\x41\\102" "c"];
  optional bytes raw = 4 [default = "\\377\\001"];
  repeated int32 loose = 5;
  repeated int32 tight = 6 [packed = true];
  optional Color color = 7 [default = BLUE];
  optional bool on = 8 [default = true];
  optional double rate = 9 [default = 1.5e1];
  required Color must = 10;
  optional fixed64 mask = 11 [default = 0x10];
  extensions 100 to max;
  optional Color plain = 12;
}
enum Color { option allow_alias = true; RED = 1; BLUE = 2; AZURE = 2; }
extend Point { optional string more = 100; }
`

describe('a .proto file of proto2', () => {
  const codec = protobuf.compile(shapeIn(old, 'old.Point'), defaultLimits)
  const type = protobufjs.parse(`syntax = "proto2";${old}`, { keepCase: true }).root
  const theirs = type.resolveAll().lookupType('old.Point')
  const room = Buffer.alloc(500)
  const defaults = {
    ...{ y: -7, name: 'a\nABc', raw: new Uint8Array([255, 1]), color: 'BLUE', on: true },
    ...{ rate: 15, mask: 16 },
  }

  test('writes what is required, zero too, and lists as they are packed there', () => {
    const value = { x: 0, must: 'RED', loose: [1, 2], tight: [3, 4], y: 0 }
    const bytes = Buffer.from(room.subarray(0, codec.encodeInto(value, room, 0)))
    const message = { ...value, must: 1 }
    const wanted = Buffer.from(theirs.encode(message).finish())
    expect(bytes.toString('hex')).toBe(wanted.toString('hex'))
    const read = codec.decode(bytes, 0, bytes.length)
    expect(read).toEqual({ ...defaults, ...value })
    expect(theirs.decode(bytes)).toMatchObject({ x: 0, loose: [1, 2], tight: [3, 4] })
  })

  test('demands what is required, and reads lists packed or not', () => {
    const bytes = Buffer.from('08002a0201025001', 'hex')
    expect(codec.decode(bytes, 0, 8)).toEqual({
      ...defaults,
      ...{ x: 0, must: 'RED', loose: [1, 2], tight: [] },
    })
    const error = thrownBy(() => codec.decode(bytes, 2, 8))
    expect(error?.code).toBe('EARSHOT_BYTES_INVALID')
    expect(error?.path).toBe('/x')
  })

  test('takes no number that has no symbol, and passes over extensions', () => {
    const unknown = Buffer.from('08005009', 'hex')
    expect(thrownBy(() => codec.decode(unknown, 0, 4))?.path).toBe('/must')
    const extended = Buffer.from('08005001a2060178', 'hex')
    expect(codec.decode(extended, 0, 8)).toMatchObject({ x: 0, must: 'RED' })
  })
})

describe('a .proto file with types that contain themselves', () => {
  const text = `syntax = "proto3"; import "google/protobuf/struct.proto"; package t;
message Node { int32 n = 1; repeated Node kids = 2; map<string, Node> by = 3; Node next = 4; }
message Expr { oneof kind { Lit lit = 1; Neg neg = 2; } }
message Lit { double n = 1; }
message Neg { Expr inner = 1; }
message Box { google.protobuf.Struct any = 1; Neg neg = 2; Node node = 3; }`
  const struct = `syntax = "proto3"; package google.protobuf;
message Struct { map<string, Value> fields = 1; }
message Value { oneof kind { NullValue null_value = 1; double number_value = 2;
  string string_value = 3; bool bool_value = 4; Struct struct_value = 5;
  ListValue list_value = 6; } }
enum NullValue { NULL_VALUE = 0; }
message ListValue { repeated Value values = 1; }`

  test('has the bytes of protobufjs, with Struct', () => {
    const codec = protobuf.compile(shapeIn(text, 't.Box'), defaultLimits)
    const value = {
      any: {
        fields: { a: { number_value: 1.5 }, b: { list_value: { values: [{ bool_value: true }] } } },
      },
      neg: { inner: { neg: { inner: { lit: { n: 2 } } } } },
      node: { n: 1, kids: [{ n: 2, kids: [], by: {} }], by: { x: { n: 3, kids: [], by: {} } } },
    }
    const room = Buffer.alloc(500)
    const bytes = Buffer.from(room.subarray(0, codec.encodeInto(value, room, 0)))
    const root = new protobufjs.Root()
    protobufjs.parse(struct, root, { keepCase: true })
    protobufjs.parse(text, root, { keepCase: true })
    const type = root.resolveAll().lookupType('t.Box')
    const wanted = Buffer.from(type.encode(type.fromObject(value)).finish())
    expect(bytes.toString('hex')).toBe(wanted.toString('hex'))
    expect(isDeepStrictEqual(codec.decode(bytes, 0, bytes.length), value)).toBe(true)
  })

  test('is refused as a whole where a part of the circle is, and says so', () => {
    const part = `syntax = "proto3"; enum E { A = 0; B = -1; }
message M { N n = 1; } message N { M m = 1; E e = 2; }`
    const { messages, refused } = fromProto(part, { partial: true })
    expect([...messages.keys()]).toEqual([])
    expect([...refused.keys()]).toEqual(['M', 'N'])
  })
})

const proto3 = (text: string): string => `syntax = "proto3";\n${text}`
const deep = `${'message M { '.repeat(200)}${'}'.repeat(200)}`
const wide = Array.from({ length: 40 }, (_, at) => {
  const inner = at === 0 ? 'int32' : `L${at - 1}`
  return `message L${at} { ${inner} a = 1; ${inner} b = 2; }`
}).join('\n')
const invalid = 'EARSHOT_SCHEMA_INVALID'
const refused = 'EARSHOT_SHAPE_UNSUPPORTED'

describe('a .proto file is refused with code and line:', () => {
  test.each([
    ['nothing', '', invalid, 1],
    ['proto4', 'syntax = "proto4";', invalid, 1],
    ['a field of proto2 without label', 'message M { int32 a = 1; }', invalid, 1],
    ['a group', 'message M {\noptional group G = 1 { optional int32 a = 2; } }', refused, 2],
    ['a wrong default', 'message M { optional int32 a = 1 [default = x]; }', invalid, 1],
    [
      'a default of no symbol',
      'enum E { A = 1; } message M { optional E e = 1 [default = B]; }',
      invalid,
      1,
    ],
    [
      'a default that is no number',
      'message M { optional double a = 1 [default = -inf]; }',
      refused,
      1,
    ],
    ['a default in proto3', proto3('message M { int32 a = 1 [default = 1]; }'), invalid, 2],
    ['a required itself', 'message M {\nrequired M m = 1; }', refused, 1],
    ['an edition', 'edition = "2023";', invalid, 1],
    ['rubbish', proto3('\u0001'), invalid, 2],
    ['no end', proto3('message M {'), invalid, 2],
    ['no end of an option', proto3('option a = {'), invalid, 2],
    ['no end of options', proto3('message M { int32 a = 1 ['), invalid, 2],
    ['a required field', proto3('message M { required int32 a = 1; }'), invalid, 2],
    ['a number twice', proto3('message M { int32 a = 1;\nint32 b = 1; }'), invalid, 3],
    ['a number of Protobuf', proto3('message M { int32 a = 19000; }'), invalid, 2],
    ['number 0', proto3('message M { int32 a = 0; }'), invalid, 2],
    ['__proto__', proto3('message M { int32 __proto__ = 1; }'), invalid, 2],
    ['an unknown type', proto3('message M { Order a = 1; }'), invalid, 2],
    ['a type twice', proto3('message M {}\nmessage M {}'), invalid, 3],
    ['an enum without 0', proto3('enum E { A = 1; }'), undefined, 0],
    ['an enum without 0, used', proto3('enum E { A = 1; } message M { E e = 1; }'), invalid, 2],
    ['equal numbers', proto3('message M { E e = 1; }\nenum E { A = 0; B = 0; }'), refused, 3],
    ['a negative number', proto3('message M { E e = 1; }\nenum E { A = 0; B = -1; }'), refused, 3],
    ['keys of float', proto3('message M { map<float, int32> m = 1; }'), invalid, 2],
    ['a great depth', proto3(deep), invalid, 2],
    ['endless parts', proto3(wide), refused, undefined],
    ['a great length', proto3(' '.repeat(1 << 20)), invalid, 1],
    [
      'an enum as a body',
      proto3('enum E { A = 0; } service S { rpc A(E) returns (E); }'),
      invalid,
      2,
    ],
  ])('%s', (_, text, code, line) => {
    const error = thrownBy(() => fromProto(text))
    expect(error?.code).toBe(code)
    if (line) expect(error?.path).toBe(`line ${line}`)
  })
})
