import { encode as packed } from 'msgpackr'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { formats } from '../../src/codec/formats.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import type { RecordShape } from '../../src/contract/shape.ts'
import { thrownBy } from './thrown.ts'

const lengths = Array.from({ length: 14 }, (_, length) => length)
const room = Buffer.alloc(1 << 10)

function listOf(bits: 32 | 64): RecordShape {
  const shape = { kind: 'list', items: { kind: 'float', bits } } as const
  const names = { name: 'samples', wireName: 'samples' }
  const field = { ...names, tag: 1, optional: false, nullable: false, shape }
  return { kind: 'record', name: 'Run', fields: [field] }
}

/** Specials among them, so that each place of four has each kind in some length. */
function floats(length: number, first = 0): number[] {
  const some = [0.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 7, 2 ** -126, -1e30]
  return Array.from({ length }, (_, index) => Math.fround(some[(index + first) % 7] as number))
}

for (const format of formats.filter(({ codec }) => codec !== 'json')) {
  test(`${format.codec}: lists of floats of any length come back as they were`, () => {
    for (const bits of [32, 64] as const) {
      const codec = format.compile(listOf(bits), defaultLimits)
      for (const length of lengths) {
        for (let first = 0; first < 7; first++) {
          const value = { samples: floats(length, first) }
          const end = codec.encodeInto(value, room, first)
          expect(codec.decode(room, first, end)).toEqual(value)
          expect(codec.encodeInto(value, room.subarray(0, end), first)).toBe(end)
          if (end === first) continue // an empty list is nothing in Protobuf
          expect(codec.encodeInto(value, room.subarray(0, end - 1), first)).toBe(-1)
        }
      }
    }
  })

  test(`${format.codec}: what is no number is refused at any place, with room and without`, () => {
    const codec = format.compile(listOf(64), defaultLimits)
    for (const length of lengths) {
      for (let place = 0; place < length; place++) {
        const samples: unknown[] = floats(length)
        samples[place] = '1'
        for (const buffer of [room, Buffer.alloc(0)]) {
          const fault = thrownBy(() => codec.encodeInto({ samples }, buffer, 0))
          expect(fault?.path).toBe(`/samples/${place}`)
        }
      }
    }
  })

  test(`${format.codec}: a list beyond 2 GB of a buffer is written and read as anywhere`, () => {
    const codec = format.compile(listOf(64), defaultLimits)
    // Never touched but at its end, so that no more than that takes memory.
    const large = Buffer.allocUnsafeSlow(2 ** 31 + 4_096)
    const value = { samples: floats(9) }
    for (const start of [2 ** 31 - 40, 2 ** 31 + 40]) {
      expect(codec.decode(large, start, codec.encodeInto(value, large, start))).toEqual(value)
    }
  })
}

test('msgpack: integers and float32 between doubles are read at any place', () => {
  const codec = msgpack.compile(listOf(64), defaultLimits)
  for (const other of [packed(3), Buffer.from('ca3fc00000', 'hex')]) {
    const last = codec.decode(Buffer.concat([head(1), other]), 0, head(1).length + other.length)
    for (const length of lengths) {
      for (let place = 0; place < length; place++) {
        const samples = floats(length).map((value) => value + 0.25)
        const items = samples.map(double)
        items[place] = other
        samples[place] = (last as { samples: number[] }).samples[0] as number
        const bytes = Buffer.concat([head(length), ...items])
        expect(codec.decode(bytes, 0, bytes.length)).toEqual({ samples })
        expect(thrownBy(() => codec.decode(bytes, 0, bytes.length - 1))?.code).toBe(
          'EARSHOT_BYTES_INVALID',
        )
      }
    }
  }
})

function head(length: number): Buffer {
  return Buffer.concat([Buffer.from([0x81]), packed('samples'), Buffer.from([0x90 | length])])
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xcb)
  bytes.writeDoubleBE(value, 1)
  return bytes
}
