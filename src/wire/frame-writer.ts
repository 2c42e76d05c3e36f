// Owns the bytes of the frame that is being filled, in slabs that are written from front to back.
// Hot path. Never sends: the owner takes the frame and hands it on.

import { Slabs } from './slabs.ts'
import { writePaddedVarint, writeVarint } from './varint.ts'

/**
 * The first frame of a turn is full at this size: the other side begins while we go on writing.
 * Each further one of the turn is twice as large.
 */
const FIRST_FRAME_BYTES = 4_096
/**
 * Frames up to this size are copied by the binding at once, so that their room can be used again.
 */
const COPIED_BYTES = 128
/** A frame is not begun in less than this: most bodies fit at once. */
const LEAST_BYTES = 16_384
/** Room that the fixed parts of a record may take before its body. */
const RECORD_HEAD_BYTES = 64

/** Until something is written: a stranger's frame must not cost a slab. */
const none = Buffer.alloc(0)

export class FrameWriter {
  readonly slabs: Slabs
  buffer: Buffer
  position = 0
  /** Records in the open frame. */
  records = 0
  /** Bytes of the record that was closed last, without its head and its length. */
  lastBytes = 0
  readonly #maxFrameBytes: number
  readonly #prefix: Uint8Array
  /** At this size the open frame is full. */
  #fullBytes: number
  #start = 0
  #lengthAt = 0
  #lengthSize = 1
  #recordAt = 0

  /** `prefix` opens every frame; `slabs` are the writer's own. */
  constructor(maxFrameBytes: number, prefix: Uint8Array, slabs: Slabs = new Slabs(0)) {
    this.slabs = slabs
    this.buffer = none
    this.#maxFrameBytes = maxFrameBytes
    this.#fullBytes = Math.min(FIRST_FRAME_BYTES, maxFrameBytes)
    this.#prefix = prefix
  }

  get empty(): boolean {
    return this.records === 0
  }

  /** Of the open frame; a head without records counts as nothing. */
  get bytes(): number {
    return this.records === 0 ? 0 : this.position - this.#start
  }

  /** True when the frame has reached the size at which it is flushed. */
  get full(): boolean {
    return this.position - this.#start >= this.#fullBytes
  }

  /** A new turn begins with a small frame. */
  shrink(): void {
    this.#fullBytes = Math.min(FIRST_FRAME_BYTES, this.#maxFrameBytes)
  }

  /** True when no frame has been begun: the owner writes what follows the prefix, then records. */
  get closed(): boolean {
    return this.position === this.#start
  }

  /** Begins a frame with room for at least `bytes`; returns the position after the prefix. */
  open(bytes: number): number {
    const wanted = bytes + this.#prefix.length + RECORD_HEAD_BYTES
    if (this.buffer.length - this.#start < Math.max(wanted, LEAST_BYTES)) {
      this.buffer = this.slabs.next(wanted, this.buffer)
      this.#start = 0
    }
    this.buffer.set(this.#prefix, this.#start)
    this.position = this.#start + this.#prefix.length
    this.records = 0
    return this.position
  }

  /** Is there room for the fixed parts of one more record, and `more` bytes? */
  hasRoom(more: number): boolean {
    return this.buffer.length - this.position >= RECORD_HEAD_BYTES + more
  }

  /**
   * Begins a record and leaves `lengthSize` bytes for its length, which is known only afterwards.
   * `lengthSize` is the owner's guess from the records before.
   */
  openRecord(head: number, lengthSize: number): void {
    this.#recordAt = this.position
    this.buffer[this.position] = head
    this.#lengthAt = this.position + 1
    this.#lengthSize = lengthSize
    this.position += 1 + lengthSize
  }

  /** Writes a number into the open record. */
  number(value: number): void {
    this.position = writeVarint(this.buffer, this.position, value)
  }

  /** Writes bytes into the open record. */
  bytesOf(value: Uint8Array): void {
    this.buffer.set(value, this.position)
    this.position += value.length
  }

  /**
   * Ends the record at `end`; returns the bytes its length needs, the guess for the next,
   * or −1 when they do not fit.
   */
  closeRecord(end: number): number {
    const length = end - this.#lengthAt - this.#lengthSize
    const needed = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : 4
    if (needed > this.#lengthSize) {
      const from = this.#lengthAt + this.#lengthSize
      if (end + needed - this.#lengthSize > this.buffer.length) return -1
      this.buffer.copyWithin(this.#lengthAt + needed, from, end)
      this.position = end + needed - this.#lengthSize
      this.#lengthSize = needed
    } else {
      this.position = end
    }
    writePaddedVarint(this.buffer, this.#lengthAt, length, this.#lengthSize)
    this.lastBytes = length
    this.records++
    return needed
  }

  /** Forgets the record that was begun last and not closed. */
  dropRecord(): void {
    this.position = this.#recordAt
  }

  /** Forgets the record that was closed last. */
  undoRecord(): void {
    this.position = this.#recordAt
    this.records--
  }

  /** Bytes of the record that was closed last. */
  get lastRecordBytes(): number {
    return this.position - this.#recordAt
  }

  /** Appends the record that `from` closed last; the owner has seen to the room. */
  copyRecord(from: FrameWriter): void {
    this.#recordAt = this.position
    this.position += from.buffer.copy(this.buffer, this.position, from.#recordAt, from.position)
    this.records++
  }

  /** Takes the head of the open record away, to be put into a roomier frame. */
  cutRecord(bodyAt: number): Buffer {
    const head = Buffer.from(this.buffer.subarray(this.#recordAt, bodyAt))
    this.position = this.#recordAt
    return head
  }

  /** Opens a record with a head that was cut. Its length gets the room it had. */
  pasteRecord(head: Buffer): void {
    this.#recordAt = this.position
    this.#lengthAt = this.position + 1
    this.bytesOf(head)
  }

  /**
   * Hands out the frame; its bytes are the receiver's from now on.
   * @param sentNow it goes to a socket at once, so that a small one's room is free again
   */
  take(sentNow: boolean): Buffer {
    // The next full frame of this turn is twice as large.
    if (this.full) this.#fullBytes = Math.min(this.#fullBytes * 2, this.#maxFrameBytes)
    const frame = this.buffer.subarray(this.#start, this.position)
    if (sentNow && frame.length <= COPIED_BYTES) this.position = this.#start
    else this.#start = this.position
    this.records = 0
    this.slabs.taken(frame.length)
    return frame
  }
}
