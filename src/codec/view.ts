// Owns the DataViews that compiled code writes and reads floats through. Hot path.
// Never one per message: the views of the last two buffers are kept, and those buffers with them.

const none: Buffer = Buffer.alloc(0)
let lastWritten = none
let lastRead = none
let writing = new DataView(none.buffer, none.byteOffset, 0)
let reading = writing

/** A view of exactly this buffer, for encoders. */
export function writeView(buffer: Buffer): DataView {
  if (buffer !== lastWritten) {
    writing = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    lastWritten = buffer
  }
  return writing
}

/** A view of exactly this buffer, for decoders: apart, so that the two do not evict each other. */
export function readView(buffer: Buffer): DataView {
  if (buffer !== lastRead) {
    reading = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    lastRead = buffer
  }
  return reading
}
