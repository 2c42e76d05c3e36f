// Owns what only Protobuf has: sizes known after the content, and passing over unknown fields.
// Hot path. Never recurses without a bound.

import { at, bad, short, superfluous } from './cursor.ts'
import { readVar, writeVar32 } from './varint.ts'

/** Bytes that the size itself takes. */
export function sizeOfSize(size: number): number {
  return size < 128 ? 1 : size < 16_384 ? 2 : size < 2_097_152 ? 3 : size < 268_435_456 ? 4 : 5
}

/**
 * Writes the size of content that was put at `start + room` and ends at `p`; moves the content
 * when the size takes other than `room` bytes. Returns the new end; `at.pos` is
 * the room to leave next time.
 */
export function closeSized(b: Buffer, start: number, room: number, p: number): number {
  const size = p - start - room
  const need = sizeOfSize(size)
  const end = start + need + size
  at.pos = at.snug ? 1 : need
  if (p > b.length) {
    // Some of the content fell off. It may yet fit where less room is left for the size.
    at.spoiled = true
    return end
  }
  if (end > b.length) return end
  if (need !== room) b.copyWithin(start + need, start + room, p)
  writeVar32(b, start, size)
  return end
}

/** The size at p; as many bytes are there. `at.pos` is the first of them. */
export function readSize(b: Buffer, p: number, e: number): number {
  const first = b[p] as number
  if (p < e && first < 128) {
    if (first > e - p - 1) short()
    at.pos = p + 1
    return first
  }
  const size = readVar(b, p, e)
  if (size > e - at.pos) short()
  return size
}

/** A tag at p: field number × 8 + wire type. */
export function readTag(b: Buffer, p: number, e: number): number {
  const tag = readVar(b, p, e)
  if (tag < 8 || tag > 4_294_967_295) bad('not a field number')
  return tag
}

/** Passes over the value of an unknown field; returns the position after it. */
export function skipField(b: Buffer, p: number, e: number, tag: number, depth: number): number {
  superfluous()
  switch (tag & 7) {
    case 0:
      readVar(b, p, e)
      return at.pos
    case 1:
      if (p + 8 > e) short()
      return p + 8
    case 2: {
      const size = readSize(b, p, e)
      return at.pos + size
    }
    case 3:
      return skipGroup(b, p, e, tag, depth)
    case 5:
      if (p + 4 > e) short()
      return p + 4
    default:
      return bad('not a wire type')
  }
}

function skipGroup(b: Buffer, position: number, e: number, tag: number, depth: number): number {
  if (depth <= 0) bad('nested too deeply')
  let p = position
  for (;;) {
    const inner = readTag(b, p, e)
    p = at.pos
    if ((inner & 7) === 4) {
      if (inner !== tag + 1) bad('a group that ends as another')
      return p
    }
    p = skipField(b, p, e, inner, depth - 1)
  }
}
