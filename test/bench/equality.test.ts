// The guard that stands before every figure: a codec that is wrong cannot be fast.

import { describe, expect, it } from 'vitest'
import { earshotPair } from '../../bench/codecs/earshot-codecs.ts'
import { verifyRoundTrip } from '../../bench/codecs/equality.ts'
import type { Pair } from '../../bench/codecs/pair.ts'
import { shapeNames } from '../../bench/codecs/shape-names.ts'
import { subjects } from '../../bench/codecs/subjects.ts'
import { valuesOf } from '../../bench/codecs/values.ts'

const values = valuesOf('order')
const honest = earshotPair('order', 'avro')

function sabotaged(change: (order: Record<string, unknown>) => void): Pair {
  const decode: Pair['decode'] = (buffer, start, end) => {
    const order = honest.decode(buffer, start, end) as Record<string, unknown>
    change(order)
    return order
  }
  return { ...honest, decode }
}

describe('the equality guard', () => {
  it('lets an honest codec pass', () => {
    expect(() => verifyRoundTrip('honest', 'order', honest, values)).not.toThrow()
  })

  it('names codec, shape, value and field when a field is lost', () => {
    const pair = sabotaged((order) => delete order.customerId)
    const check = () => verifyRoundTrip('lossy', 'order', pair, values)
    expect(check).toThrow(/^lossy, shape order, value 0 does not .*: \/customerId was \d+, became/)
  })

  it('finds a number that is off by one bit, and a field that nobody sent', () => {
    const rounded = sabotaged((order) => {
      order.total = Math.fround(order.total as number)
    })
    const added = sabotaged((order) => {
      order.extra = 1
    })
    expect(() => verifyRoundTrip('rounding', 'order', rounded, values)).toThrow('/total was')
    expect(() => verifyRoundTrip('adding', 'order', added, values)).toThrow('/extra came')
  })

  it('finds a list that became shorter', () => {
    const pair = sabotaged((order) => (order.lines as unknown[]).pop())
    expect(() => verifyRoundTrip('short', 'order', pair, values)).toThrow(/\/lines had \d items/)
  })

  it('refuses an encoder that writes nothing, and names the codec of one that throws', () => {
    const idle: Pair = { ...honest, encode: (_value, _buffer, position) => position }
    const broken: Pair = {
      ...honest,
      encode: () => {
        throw new Error('no room')
      },
    }
    expect(() => verifyRoundTrip('idle', 'order', idle, values)).toThrow(/^idle, .* returned 0/)
    expect(() => verifyRoundTrip('broken', 'order', broken, values)).toThrow('no room')
  })
})

describe('what is compared', () => {
  it('returns every value of every shape as it was', async () => {
    for (const subject of subjects) {
      const makePair = await subject.load()
      for (const shape of shapeNames) {
        verifyRoundTrip(subject.title, shape, makePair(shape), valuesOf(shape))
      }
    }
  })

  it('writes the bytes of avsc and protobufjs from the same message', async () => {
    const room = Buffer.alloc(1 << 14)
    const bytesOf = (pair: Pair, value: unknown) =>
      room.toString('hex', 0, pair.encode(value, room, 0))
    for (const [ours, library] of [
      ['earshot-avro', 'avsc'],
      ['earshot-protobuf', 'protobufjs'],
    ]) {
      const [mine, theirs] = await Promise.all(
        [ours, library].map((id) => subjects.find((subject) => subject.id === id)?.load()),
      )
      for (const shape of shapeNames) {
        const [one, other] = [mine?.(shape), theirs?.(shape)] as [Pair, Pair]
        const all = valuesOf(shape)
        expect(all.map((value) => bytesOf(one, value))).toEqual(
          all.map((value) => bytesOf(other, value)),
        )
      }
    }
  })

  it('has the same 64 different values in every run', () => {
    for (const shape of shapeNames) {
      expect(valuesOf(shape)).toEqual(valuesOf(shape))
      expect(new Set(valuesOf(shape).map((value) => JSON.stringify(value))).size).toBeGreaterThan(
        60,
      )
    }
  })
})
