// What leaves on a link: batches, credit, bounds; every record once and in order, whatever is
// granted.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { resolveLimits } from '../../src/base/limits.ts'
import { bytesBody } from '../../src/codec/bytes-body.ts'
import { createLinkCounts } from '../../src/mesh/counters.ts'
import { Outbound } from '../../src/mesh/outbound.ts'
import type { FrameLink } from '../../src/transport/transport.ts'
import { FRAME_HEAD_BYTES, Kind, RecordWalker } from '../../src/wire/record.ts'

const codec = bytesBody('json', { kind: 'bytes' })

class Sink implements FrameLink {
  readonly key = undefined
  readonly endpoint = 'sink'
  readonly frames: Buffer[] = []
  onFrame = () => undefined
  onOpen = () => undefined
  onClose = () => undefined
  send(frame: Buffer) {
    // As a socket does with what it keeps by reference: look at it later.
    this.frames.push(frame.length > 128 ? frame : Buffer.from(frame))
  }
  close() {
    this.frames.length = 0
  }

  bodies(): Buffer[] {
    const walker = new RecordWalker()
    return this.frames.flatMap((frame) => {
      const found: Buffer[] = []
      walker.open(frame, FRAME_HEAD_BYTES)
      while (walker.next()) {
        if (walker.kind !== Kind.notification) continue
        expect(walker.number()).toBe(9)
        found.push(Buffer.from(frame.subarray(walker.start, walker.end)))
      }
      expect(walker.malformed).toBe(false)
      return found
    })
  }
}

function outbound(limits = {}) {
  const link = new Sink()
  return { link, out: new Outbound(link, resolveLimits(limits), systemClock, createLinkCounts()) }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('outbound', () => {
  it('sends what one turn wrote as one frame, at its end', async () => {
    const { link, out } = outbound()
    out.grant(1_000_000)
    for (let index = 0; index < 100; index++)
      out.notification(9, undefined, codec, Buffer.of(index))
    expect(link.frames).toHaveLength(0)
    await turn()
    expect(link.frames).toHaveLength(1)
    expect(link.bodies()).toHaveLength(100)
  })

  it('sends each record once and in order, of any size, under any grants', async () => {
    const size = fc.oneof(fc.nat(60), fc.nat(3_000), fc.constant(300_000))
    const step = fc.oneof(size, fc.record({ grant: fc.integer({ min: 1, max: 500_000 }) }))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { link, out } = outbound({ maxOutboundBytes: 50_000_000 })
        const written: Buffer[] = []
        for (const [index, one] of steps.entries()) {
          if (typeof one === 'number') {
            const body = Buffer.alloc(one, index)
            out.notification(9, undefined, codec, body)
            written.push(body)
          } else out.grant(one.grant)
          if (index % 7 === 0) await turn()
        }
        const drained = out.drained()
        for (let granted = 0; granted < 100; granted++) out.grant(1_000_000)
        await drained
        expect(link.bodies().map((body) => body.length)).toEqual(written.map((body) => body.length))
        expect(Buffer.compare(Buffer.concat(link.bodies()), Buffer.concat(written))).toBe(0)
        expect(out.waitingBytes).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('sends only control records without credit, and wakes who waits when it comes', async () => {
    const { link, out } = outbound({ maxOutboundBytes: 10_000 })
    let ready = false
    while (!out.full) out.notification(9, undefined, codec, Buffer.alloc(1_000))
    void out.ready().then(() => {
      ready = true
    })
    await turn()
    expect(link.bodies()).toHaveLength(0)
    out.control(Kind.beat)
    expect(link.frames).toHaveLength(1)
    expect(ready).toBe(false)
    out.grant(1_000_000)
    await turn()
    expect(ready).toBe(true)
    expect(link.bodies().length).toBeGreaterThan(4)
  })

  it('refuses at its bound, and says so, without losing what it took', async () => {
    const { link, out } = outbound({ maxOutboundBytes: 200_000 })
    let taken = 0
    const flood = () => {
      for (; taken < 1_000; taken++) out.notification(9, undefined, codec, Buffer.alloc(1_000))
    }
    expect(flood).toThrow(expect.objectContaining({ code: 'EARSHOT_OVERLOADED', sent: 'no' }))
    expect(out.waitingBytes).toBeLessThan(300_000)
    for (let granted = 0; granted < 10; granted++) out.grant(200_000)
    await out.drained()
    expect(link.bodies()).toHaveLength(taken)
  })

  it('forgets a body that does not fit its type, and goes on', async () => {
    const { link, out } = outbound()
    out.grant(1_000_000)
    out.notification(9, undefined, codec, Buffer.of(1))
    expect(() => out.notification(9, undefined, codec, 'text')).toThrow(
      expect.objectContaining({ code: 'EARSHOT_BODY_INVALID' }),
    )
    out.notification(9, undefined, codec, Buffer.of(2))
    await turn()
    expect(link.bodies()).toEqual([Buffer.of(1), Buffer.of(2)])
  })
})
