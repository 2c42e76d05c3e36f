// Failures as they come from the network: whatever the bytes are, the caller gets a typed error.

import { codecNames, contract, createCodec, defaultLimits, isDeclared, request } from 'earshot'
import fc from 'fast-check'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import type { Link } from '../../src/mesh/remote.ts'
import { failureOf } from '../../src/patterns/failure.ts'
import { FRAME_HEAD_BYTES, HEADERS_BIT, Kind, RecordWalker } from '../../src/wire/record.ts'
import { record } from '../support/strangers.ts'

const Empty = Type.Object({})
const Store = contract('test.store', '1.0.0', {
  place: request(Empty, Empty, {
    errors: { OutOfStock: Type.Object({ sku: Type.String(), left: Type.Integer() }) },
  }),
})
const link = { remote: { id: 'ab', name: 'stock' } } as unknown as Link
const seed = Number(process.env.EARSHOT_SEED ?? Date.now() % 2 ** 31)
const { maxHeaderBytes } = defaultLimits

function read(codec: (typeof codecNames)[number], payload: Buffer, headed: boolean) {
  const walker = new RecordWalker()
  walker.open(record(headed ? Kind.failure | HEADERS_BIT : Kind.failure, payload), FRAME_HEAD_BYTES)
  if (!walker.next()) throw new Error('the record is whole')
  const errors = createCodec(Store.place, codec, 'errors')
  return failureOf(link, walker, { channel: Store.place, errors }, maxHeaderBytes)
}

function declared(codec: (typeof codecNames)[number], headers: object, body: object): Buffer {
  const room = Buffer.alloc(1_000)
  const end = createCodec(Store.place, codec, 'errors').encodeInto(body, room, 0)
  const text = Buffer.from(JSON.stringify(headers))
  const length = Buffer.from([(text.length & 0x7f) | 0x80, text.length >> 7])
  return Buffer.concat([length, text, room.subarray(0, end)])
}

describe.each(codecNames)('a failure in %s', (codec) => {
  const data = { sku: 'tea', left: 3 }
  const words = { name: 'OutOfStock', message: 'no tea' }

  it('that is declared has its name and data, whatever its headers say', () => {
    for (const headers of [words, { name: 'Other' }, {}]) {
      const error = read(codec, declared(codec, headers, { OutOfStock: data }), true)
      expect(isDeclared(Store.place, error)).toBe(true)
      expect(error).toMatchObject({ name: 'OutOfStock', data })
    }
  })

  it('that is none we know is EARSHOT_REMOTE with the name that its headers say', () => {
    const error = read(codec, declared(codec, { ...words, name: 'Banned' }, {}), true)
    expect(error).toMatchObject({ code: 'EARSHOT_REMOTE', data: { name: 'Banned' } })
  })

  it('of any bytes is a typed error, and never more than that', () => {
    const whole = declared(codec, words, { OutOfStock: data })
    const mutated = fc
      .tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length))
      .map(([at, value, end]) => {
        const bytes = Buffer.from(whole)
        bytes[at] = value
        return bytes.subarray(0, end)
      })
    const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
    const codes = ['EARSHOT_BYTES_INVALID', 'EARSHOT_REMOTE', 'EARSHOT_DECLARED']
    fc.assert(
      fc.property(fc.oneof(mutated, random), fc.boolean(), (bytes, headed) => {
        const error = read(codec, bytes, headed)
        expect(codes).toContain(error.code)
        if (error.code === 'EARSHOT_DECLARED') expect(typeof error.data.left).toBe('number')
      }),
      { numRuns: 500, seed },
    )
  })
})
