// Owns what a trace says of a frame: its records by kind, and by number those that belong together.
// Never reads a body: what is in there, the contract knows.

import { FRAME_HEAD_BYTES, FRAME_MAGIC, Kind, RecordWalker } from '../wire/record.ts'

const kindNames: readonly (string | undefined)[] = Object.entries(Kind).reduce<string[]>(
  (names, [name, kind]) => {
    names[kind] = name
    return names
  },
  [],
)
/** Behind the number of the channel; of the others it is the first. */
const numberedSecond: ReadonlySet<number> = new Set([Kind.request, Kind.asking, Kind.open])
const numberedFirst: ReadonlySet<number> = new Set([Kind.reply, Kind.failure, Kind.cancel])
/** A frame may have thousands. */
const SHOWN = 8

const walker: RecordWalker = new RecordWalker()

/** `request 128, 2 more`: of a frame of an outlet, `event`. */
export function textOfFrame(frame: Buffer): string {
  if (frame[0] !== FRAME_MAGIC) return 'event'
  const shown: string[] = []
  let count = 0
  walker.open(frame, FRAME_HEAD_BYTES)
  while (walker.next()) if (++count <= SHOWN) shown.push(textOfRecord())
  if (count > SHOWN) shown.push(`${count - SHOWN} more`)
  return shown.join(', ')
}

function textOfRecord(): string {
  const { kind } = walker
  const name = kindNames[kind] ?? `kind ${kind}`
  if (numberedSecond.has(kind)) walker.number()
  else if (!numberedFirst.has(kind)) return name
  return `${name} ${walker.number()}`
}
