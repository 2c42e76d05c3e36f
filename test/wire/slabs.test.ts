// Memory of frames that is used again: never before the other side has what was in it.

import { describe, expect, it } from 'vitest'
import { SLAB_BYTES } from '../../src/base/limits.ts'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import { Slabs } from '../../src/wire/slabs.ts'

const BODY_BYTES = 50_000

/** A frame with one record, filled with a number of its own. */
function frameOf(writer: FrameWriter, fill: number): Buffer {
  writer.open(BODY_BYTES)
  writer.openRecord(20, 3)
  writer.buffer.fill(fill, writer.position, writer.position + BODY_BYTES)
  writer.closeRecord(writer.position + BODY_BYTES)
  return writer.take(true)
}

const isIntact = (frame: Buffer, fill: number) =>
  frame.subarray(frame.length - BODY_BYTES).every((octet) => octet === fill)

describe('slabs', () => {
  it('are written again once all their bytes are acknowledged, and not a frame earlier', () => {
    const writer = new FrameWriter(65_536, Buffer.of(1, 2), new Slabs(8))
    const onTheWay: { frame: Buffer; fill: number }[] = []
    const seen = new Set<ArrayBufferLike>()
    for (let count = 0; count < 400; count++) {
      const fill = count % 251
      const frame = frameOf(writer, fill)
      seen.add(frame.buffer)
      onTheWay.push({ frame, fill })
      // As a receiver that is up to twelve frames behind: it reads, then acknowledges.
      while (onTheWay.length > (count * 7) % 13) {
        const next = onTheWay.shift()
        if (!next) break
        expect(isIntact(next.frame, next.fill)).toBe(true)
        writer.slabs.acknowledge(next.frame.length)
      }
    }
    expect(seen.size).toBeLessThan(10)
  })

  it('that nobody acknowledges are written once, and only so many are kept', () => {
    const writer = new FrameWriter(65_536, Buffer.of(1, 2), new Slabs(2))
    const frames = Array.from({ length: 60 }, (_, fill) => frameOf(writer, fill))
    for (const [fill, frame] of frames.entries()) expect(isIntact(frame, fill)).toBe(true)
  })

  it('are let go by a writer that rests', () => {
    const slabs = new Slabs(4)
    const first = slabs.next(0, undefined)
    slabs.taken(10)
    const second = slabs.next(0, first)
    slabs.acknowledge(10)
    slabs.rest()
    slabs.rest()
    expect(slabs.next(0, second)).not.toBe(first)
  })

  it('hold what is larger than one of them, and do not keep it', () => {
    const slabs = new Slabs(4)
    const large = slabs.next(SLAB_BYTES * 2, undefined)
    expect(large.length).toBe(SLAB_BYTES * 2)
    slabs.acknowledge(1)
    expect(slabs.next(0, large)).not.toBe(large)
    expect(slabs.next(0, undefined).length).toBe(SLAB_BYTES)
  })
})
