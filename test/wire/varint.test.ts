// Numbers of every size, cut at every place.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VarintReader, varintSize, writePaddedVarint, writeVarint } from '../../src/wire/varint.ts'

const edges = [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 2 ** 28 - 1, 2 ** 28, 2 ** 35]

describe('varints', () => {
  it('read back what was written, in the size that was foretold', () => {
    const numbers = fc.oneof(fc.constantFrom(...edges), fc.maxSafeNat())
    fc.assert(
      fc.property(numbers, (value) => {
        const buffer = Buffer.alloc(16, 0xff)
        const end = writeVarint(buffer, 3, value)
        expect(end - 3).toBe(varintSize(value))
        const reader = new VarintReader()
        reader.position = 3
        expect(reader.read(buffer, end)).toBe(value)
        expect(reader.position).toBe(end)
      }),
    )
  })

  it('are −1 and leave the position when they are cut anywhere', () => {
    for (const value of [128, 2 ** 20, Number.MAX_SAFE_INTEGER]) {
      const buffer = Buffer.alloc(16, 0x80)
      const end = writeVarint(buffer, 0, value)
      for (let cut = 0; cut < end; cut++) {
        const reader = new VarintReader()
        expect(reader.read(buffer, cut)).toBe(-1)
        expect(reader.position).toBe(0)
      }
    }
  })

  it('are −1 beyond 2^53 and beyond 8 bytes', () => {
    const reader = new VarintReader()
    expect(reader.read(Buffer.from('ffffffffffffff7f', 'hex'), 8)).toBe(-1)
    expect(reader.read(Buffer.alloc(12, 0x80), 12)).toBe(-1)
  })

  it('may be padded to a size that was kept free', () => {
    const buffer = Buffer.alloc(8)
    writePaddedVarint(buffer, 0, 5, 3)
    expect(buffer.subarray(0, 3).toString('hex')).toBe('858000')
    expect(new VarintReader().read(buffer, 3)).toBe(5)
  })
})
