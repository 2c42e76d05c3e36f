// Owns variable-length numbers: unsigned LEB128 below 2^53. Hot path: no allocation.
// Never reads beyond `end`: a cut or oversized number is −1, the caller says what that means.

/** Bytes that `value` takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  if (value < 0x10000000) return 4
  let size = 4
  for (let rest = Math.floor(value / 0x10000000); rest > 0; rest = Math.floor(rest / 0x80)) size++
  return size
}

/**
 * Writes `value` and returns the position after it. The caller has made sure of 8 bytes of room.
 */
export function writeVarint(buffer: Uint8Array, position: number, value: number): number {
  let rest = value
  let at = position
  while (rest >= 0x10000000) {
    buffer[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[at++] = rest
  return at
}

/**
 * Writes `value` padded with zero groups to exactly `size` bytes: room kept before it was known.
 */
export function writePaddedVarint(
  buffer: Uint8Array,
  position: number,
  value: number,
  size: number,
): void {
  let rest = value
  for (let index = 0; index < size - 1; index++) {
    buffer[position + index] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[position + size - 1] = rest
}

/** Reads numbers one after another; `position` moves on. One reader serves a whole connection. */
export class VarintReader {
  position = 0

  /** The number at `position`, or −1 when it is cut, longer than 8 bytes or beyond 2^53. */
  read(buffer: Uint8Array, end: number): number {
    let at = this.position
    if (at >= end) return -1
    let octet = buffer[at++] as number
    if (octet < 0x80) {
      this.position = at
      return octet
    }
    let value = octet & 0x7f
    let factor = 0x80
    for (let size = 2; size <= 8; size++) {
      if (at >= end) return -1
      octet = buffer[at++] as number
      value += (octet & 0x7f) * factor
      if (octet < 0x80) {
        this.position = at
        return value <= Number.MAX_SAFE_INTEGER ? value : -1
      }
      factor *= 0x80
    }
    return -1
  }
}
