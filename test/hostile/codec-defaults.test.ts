// Two bytes of Protobuf, or one of MessagePack, stand for a record with all its defaults: bombs of
// them are refused, by those who read and by those who write, long before the memory is gone.

import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { formats } from '../../src/codec/formats.ts'
import { protobuf } from '../../src/codec/protobuf.ts'
import { fromProto } from '../../src/contract/from-proto.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { thrownBy } from '../codec/thrown.ts'

const lists = Array.from({ length: 20 }, (_, at) => `repeated string f${at} = ${at + 1};`)
const text = `syntax = "proto3"; package t; message Wide { ${lists.join(' ')} }
message Body { repeated Wide list = 1; map<string, Wide> map = 2; Wide one = 3; }
message Chain { Chain next = 1; repeated string names = 2; }
message Chains { repeated Chain list = 1; }`
const { messages } = fromProto(text)

function codecOf(name: string) {
  return protobuf.compile(messages.get(name) as Shape, defaultLimits)
}

function refused(name: string, bytes: Buffer): string | undefined {
  const before = process.memoryUsage().heapUsed
  const error = thrownBy(() => codecOf(name).decode(bytes, 0, bytes.length))
  expect(error?.code).toBe('EARSHOT_BYTES_INVALID')
  expect(error?.message).toContain('limits.maxItems')
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64e6)
  return error?.path
}

function sized(tag: number, content: Buffer): Buffer {
  const size = content.length
  const head = size < 128 ? [tag, size] : [tag, (size & 127) | 128, size >> 7]
  return Buffer.concat([Buffer.from(head), content])
}

describe('a Protobuf message of records with many defaults is refused:', () => {
  test('as items of a list', () => {
    expect(refused('t.Body', Buffer.alloc(260_000, Buffer.from([0x0a, 0])))).toMatch('/list/')
  })

  test('as values of a map', () => {
    const pairs = Array.from({ length: 100_000 }, (_, at) => {
      return sized(0x12, sized(0x0a, Buffer.from(at.toString(36))))
    })
    expect(refused('t.Body', Buffer.concat(pairs))).toBe('/map')
  })

  test('as one field again and again', () => {
    expect(refused('t.Body', Buffer.alloc(2_000_000, Buffer.from([0x1a, 0])))).toBe('/one')
  })

  test('as chains of records within each other', () => {
    let chain: Buffer = Buffer.alloc(0)
    for (let depth = 0; depth < 60; depth++) chain = sized(0x0a, chain)
    const bytes = Buffer.concat(new Array(50_000).fill(sized(0x0a, chain)))
    expect(refused('t.Chains', bytes)).toMatch('/list/')
  })
})

const filled = Object.fromEntries(
  Array.from({ length: 20 }, (_, at) => [
    `f${at}`,
    Type.Array(Type.String(), { default: [] as string[] }),
  ]),
)
const shape = shapeOf(Type.Object({ list: Type.Array(Type.Object(filled)) }), 'Body')

describe.each(formats)('records with many defaults in $codec', (format) => {
  const codec = format.compile(shape, defaultLimits)
  const room = Buffer.alloc(8_000_000)

  test('come back, some thousands of them', () => {
    const end = codec.encodeInto({ list: new Array(9_000).fill({}) }, room, 0)
    const { list } = codec.decode(room, 0, end) as { list: object[] }
    expect(list).toHaveLength(9_000)
    expect(list.at(-1)).toMatchObject({ f0: [], f19: [] })
  })

  test('are refused before they go out where the other side would not take them', () => {
    const body = { list: new Array(60_000).fill({}) }
    const error = thrownBy(() => codec.encodeInto(body, room, 0))
    expect(error?.code).toBe('EARSHOT_BODY_INVALID')
    expect(error?.path).toMatch('/list/')
    expect(error?.message).toContain('limits.maxItems')
    const wide = format.compile(shape, { ...defaultLimits, maxItems: 1_000_000 })
    const end = wide.encodeInto(body, room, 0)
    expect(thrownBy(() => codec.decode(room, 0, end))?.code).toBe('EARSHOT_BYTES_INVALID')
  })
})
