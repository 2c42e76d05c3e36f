// Bodies without a type: what JSON can say goes through both formats; guards hold against the rest.

import { contract, createCodec, event, request } from 'earshot'
import fc from 'fast-check'
import { pack, Unpackr } from 'msgpackr'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import type { BodyCodec, CodecName } from '../../src/codec/codec.ts'
import { thrownBy } from './thrown.ts'

const Loose = contract('test.loose', '1.0.0', {
  said: event(Type.Unknown(), { codecs: ['msgpack', 'json'] }),
})
const limits = { ...defaultLimits, maxDepth: 8, maxItems: 50 }
const codecOf = (name: CodecName) => createCodec(Loose.said, name, 'body', limits)

function encode(codec: BodyCodec, value: unknown): Buffer {
  const room = Buffer.alloc(65_536)
  return room.subarray(0, codec.encodeInto(value, room, 0))
}

function decode(codec: BodyCodec, bytes: Buffer): unknown {
  return codec.decode(bytes, 0, bytes.length)
}

const json = fc
  .jsonValue({ maxDepth: 5, stringUnit: 'grapheme' })
  .filter((value) => !JSON.stringify(value).includes('"__proto__"'))
  .filter((value) => (JSON.stringify(value).match(/,/g)?.length ?? 0) < 40)
  // JSON knows no -0.
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown)

describe.each(['json', 'msgpack'] as const)('a body without a type in %s', (name) => {
  const codec = codecOf(name)

  it('comes back as it was', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = encode(codec, value)
        expect(decode(codec, bytes)).toEqual(value)
      }),
    )
  })

  it('is written nowhere beyond the buffer, and says that it did not fit', () => {
    fc.assert(
      fc.property(json, (value) => {
        const whole = encode(codec, value)
        for (let size = 0; size < whole.length; size++) {
          expect(codec.encodeInto(value, Buffer.alloc(size), 0)).toBe(-1)
        }
        expect(codec.encodeInto(value, Buffer.alloc(whole.length), 0)).toBe(whole.length)
      }),
      { numRuns: 50 },
    )
  })

  it('leaves out what is undefined', () => {
    expect(decode(codec, encode(codec, { a: undefined, b: [null] }))).toEqual({ b: [null] })
  })

  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])
  const cycle: unknown[] = []
  cycle.push({ again: cycle })
  it.each([
    ['nested too deeply', deep(9), '/0/0/0/0/0/0/0/0'],
    ['with too many items', { list: Array(51).fill(0) }, '/list'],
    ['that contains itself', cycle, '/0/again/0/again/0/again/0/again'],
    ['with a key called __proto__', JSON.parse('{"a":{"__proto__":1}}'), '/a/__proto__'],
    ['with a lone surrogate', { a: '\ud800' }, '/a'],
    ['with a function', { a: () => 1 }, '/a'],
    ['with a symbol', [Symbol('s')], '/0'],
    ['with undefined in a list', [undefined], '/0'],
    ['with an object of a class', { at: new Date(0) }, '/at'],
    ['that is undefined', undefined, ''],
  ])('%s is refused with its path', (_, value, path) => {
    expect(thrownBy(() => encode(codec, value))).toMatchObject({
      code: 'EARSHOT_BODY_INVALID',
      path,
    })
  })

  it('of any bytes gives a value or EARSHOT_BYTES_INVALID', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = thrownBy(() => decode(codec, Buffer.from(bytes)))
        if (read !== undefined) expect(read).toMatchObject({ code: 'EARSHOT_BYTES_INVALID' })
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('hostile bytes without a type', () => {
  const open = (levels: number) => Buffer.concat([Buffer.alloc(levels, 0x91), Buffer.from([1])])
  it.each([
    ['json', 'depth', Buffer.from('['.repeat(9) + ']'.repeat(9))],
    ['json', 'items', Buffer.from(`[${'0,'.repeat(50)}0]`)],
    ['json', '__proto__', Buffer.from('{"a":{"__proto__":{"x":1}}}')],
    ['json', '__proto__ behind an escape', Buffer.from('{"\\u005f_proto__":{"x":1}}')],
    ['json', 'an end too early', Buffer.from('{"a":')],
    ['msgpack', 'depth', open(9)],
    ['msgpack', 'items', Buffer.from([0xdc, 0, 51, ...Array(51).fill(0)])],
    ['msgpack', 'more items than bytes', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
    ['msgpack', '__proto__', Buffer.from(pack(JSON.parse('{"__proto__":{"x":1}}')))],
    ['msgpack', 'a key that is no text', Buffer.from([0x81, 1, 1])],
    ['msgpack', 'an extension', Buffer.from([0xd4, 0x72, 0x40])],
    ['msgpack', 'more than one value', Buffer.from([1, 1])],
    ['msgpack', 'an end too early', Buffer.from([0xa5, 0x61])],
  ] as const)('in %s: %s is refused', (name, _, bytes) => {
    const codec = codecOf(name)
    const error = thrownBy(() => decode(codec, bytes))
    expect(error).toMatchObject({ code: 'EARSHOT_BYTES_INVALID' })
    expect(({} as { x?: number }).x).toBeUndefined()
  })
})

/** By default it makes a bigint of every whole number beyond 32 bits that came as one of 64. */
const reader = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

describe('MessagePack without a type', () => {
  const codec = codecOf('msgpack')

  it('carries bytes, bigints, NaN and infinities, which JSON refuses with their path', () => {
    const value = { bytes: new Uint8Array([1, 2]), big: 2n ** 60n, none: Number.NaN, all: [1 / 0] }
    expect(decode(codec, encode(codec, value))).toEqual(value)
    for (const [key, part] of Object.entries(value)) {
      const error = thrownBy(() => encode(codecOf('json'), { [key]: part }))
      expect(error).toMatchObject({ code: 'EARSHOT_BODY_INVALID' })
      expect((error as { path: string }).path).toMatch(new RegExp(`^/${key}`))
    }
  })

  it('is what another library writes and reads', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(reader.unpack(encode(codec, value))).toEqual(value)
        expect(decode(codec, Buffer.from(pack(value)))).toEqual(value)
      }),
    )
  })
})

describe('a channel without a type', () => {
  it.each([
    ['as its body', () => contract('a.b', '1.0.0', { x: event(Type.Unknown()) })],
    ['as its reply', () => contract('a.b', '1.0.0', { x: request(Type.Object({}), Type.Any()) })],
    [
      'in Avro alone',
      () => contract('a.b', '1.0.0', { x: event(Type.Any(), { codecs: ['avro'] }) }),
    ],
  ])('%s is refused unless it is narrowed to what describes itself', (_, define) => {
    const error = thrownBy(define)
    expect(error).toMatchObject({ code: 'EARSHOT_SHAPE_UNSUPPORTED', path: '' })
    expect((error as Error).message).toContain('codecs: ["json", "msgpack"]')
  })
})
