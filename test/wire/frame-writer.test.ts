// Records written into frames, walked again; drops, undos and frames that outgrow their slab.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import { Kind, RecordWalker } from '../../src/wire/record.ts'

const prefix = Buffer.from([0xea, 1])

function append(writer: FrameWriter, body: Buffer, lengthSize: number): boolean {
  if (writer.closed || !writer.hasRoom(0)) writer.open(body.length)
  writer.openRecord(Kind.notification, lengthSize)
  writer.number(3)
  const at = writer.position
  if (writer.buffer.length - at < body.length) {
    writer.dropRecord()
    return false
  }
  writer.buffer.set(body, at)
  if (writer.closeRecord(at + body.length) >= 0) return true
  writer.dropRecord()
  return false
}

function bodies(frame: Buffer): Buffer[] {
  const walker = new RecordWalker()
  walker.open(frame, prefix.length)
  const found: Buffer[] = []
  while (walker.next()) {
    expect(walker.kind).toBe(Kind.notification)
    expect(walker.number()).toBe(3)
    found.push(Buffer.from(frame.subarray(walker.start, walker.end)))
  }
  expect(walker.malformed).toBe(false)
  return found
}

describe('a writer', () => {
  it('takes no memory before something is written: most who come say one wrong word', () => {
    const writer = new FrameWriter(65_536, prefix)
    expect([writer.buffer.length, writer.closed, writer.empty]).toEqual([0, true, true])
    expect(append(writer, Buffer.from('x'), 1)).toBe(true)
    expect(bodies(writer.take(true))).toEqual([Buffer.from('x')])
  })
})

describe('a frame', () => {
  it('holds exactly the records written into it, whatever length was guessed', () => {
    const body = fc.uint8Array({ maxLength: 20_000 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.array(fc.tuple(body, fc.integer({ min: 1, max: 4 }))), (records) => {
        const writer = new FrameWriter(65_536, prefix)
        const written: Buffer[] = []
        const read: Buffer[] = []
        for (const [bytes, guess] of records) {
          if (append(writer, bytes, guess)) written.push(bytes)
          if (writer.full) read.push(...bodies(writer.take(true)))
        }
        if (!writer.empty) read.push(...bodies(writer.take(true)))
        expect(read).toEqual(written)
        expect(written.length).toBeGreaterThanOrEqual(Math.min(records.length, 1))
      }),
      { numRuns: 60 },
    )
  })

  it('that was taken is never written again when it is sent by reference', () => {
    const writer = new FrameWriter(65_536, prefix)
    append(writer, Buffer.alloc(300, 1), 2)
    const first = writer.take(true)
    const before = Buffer.from(first)
    append(writer, Buffer.alloc(300, 2), 2)
    writer.take(true)
    expect(first).toEqual(before)
  })

  it('that waits before it is sent is not written again either, however small', () => {
    const writer = new FrameWriter(65_536, prefix)
    append(writer, Buffer.from('waits'), 1)
    const waiting = writer.take(false)
    append(writer, Buffer.from('later'), 1)
    expect(bodies(writer.take(true)).map(String)).toEqual(['later'])
    expect(bodies(waiting).map(String)).toEqual(['waits'])
  })

  it('forgets a record that was dropped or undone', () => {
    const writer = new FrameWriter(65_536, prefix)
    append(writer, Buffer.from('keep'), 1)
    writer.openRecord(Kind.notification, 1)
    writer.number(3)
    writer.dropRecord()
    append(writer, Buffer.from('undo'), 1)
    writer.undoRecord()
    append(writer, Buffer.from('last'), 1)
    expect(bodies(writer.take(true)).map(String)).toEqual(['keep', 'last'])
  })

  it('counts as empty while it has a head and no record', () => {
    const writer = new FrameWriter(65_536, prefix)
    writer.open(10)
    expect([writer.empty, writer.bytes]).toEqual([true, 0])
  })

  it('moves the head of a record into a roomier frame', () => {
    const writer = new FrameWriter(65_536, prefix)
    append(writer, Buffer.from('first'), 1)
    writer.openRecord(Kind.notification, 1)
    writer.number(3)
    const head = writer.cutRecord(writer.position)
    expect(bodies(writer.take(true)).map(String)).toEqual(['first'])
    const huge = Buffer.alloc(400_000, 7)
    writer.open(huge.length + head.length)
    writer.pasteRecord(head)
    writer.buffer.set(huge, writer.position)
    expect(writer.closeRecord(writer.position + huge.length)).toBe(3)
    const [body] = bodies(writer.take(true))
    expect(Buffer.compare(body as Buffer, huge)).toBe(0)
  })
})

describe('the walk over hostile bytes', () => {
  it('ends without throwing, inside the frame, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const walker = new RecordWalker()
        walker.open(Buffer.from(bytes), 0)
        let last = 0
        while (walker.next()) {
          expect(walker.start).toBeGreaterThanOrEqual(last)
          expect(walker.end).toBeLessThanOrEqual(bytes.length)
          last = walker.end
          walker.number()
          expect(walker.start).toBeLessThanOrEqual(walker.end)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('says that a frame is malformed when its last record is cut', () => {
    const writer = new FrameWriter(65_536, prefix)
    append(writer, Buffer.from('whole'), 1)
    const frame = writer.take(true)
    const walker = new RecordWalker()
    walker.open(frame.subarray(0, frame.length - 1), prefix.length)
    expect(walker.next()).toBe(false)
    expect(walker.malformed).toBe(true)
  })

  it('refuses headers that are no object of strings', () => {
    for (const text of ['', '[]', 'null', '{"a":1}', '{', '{"a":{}}']) {
      const bytes = Buffer.from(text)
      const walker = new RecordWalker()
      const frame = Buffer.concat([Buffer.from([0x34, bytes.length + 1, bytes.length]), bytes])
      walker.open(frame, 0)
      expect(walker.next()).toBe(true)
      expect(() => walker.headers(1_000)).toThrow(
        expect.objectContaining({ code: 'EARSHOT_BYTES_INVALID' }),
      )
    }
  })
})
