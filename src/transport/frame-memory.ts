// Owns giving back the memory of frames that are done with, in small steps and early.
// Never collects what lives: a young collection looks at what was made since the last one alone.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../base/clock.ts'

/** Counted as 8 MB, of the 64 at which the whole heap is marked; larger steps came too late. */
const COLLECT_EACH_BYTES = 4 << 20

type Collect = (options: { readonly type: 'minor' }) => void

let collect: Collect | undefined
let doneBytes = 0

/**
 * Hot path: once for each frame that was read and handled.
 * @returns undefined, or what to wait for before the next one: memory is freed in the next turn
 *
 * A frame is memory outside of V8's heap; one that was read is counted there twice, for its buffer
 * and by the binding. At 64 MB of it V8 marks the whole heap, half of it on another thread: 20 to
 * 40 times a second at full rate, for a third of the reader's time. What was just read is mostly
 * dead by then, and a young collection finds that out in a quarter of a millisecond.
 */
export function frameDone(bytes: number): Promise<void> | undefined {
  doneBytes += bytes
  if (doneBytes < COLLECT_EACH_BYTES) return undefined
  doneBytes = 0
  collect ??= youngCollection()
  collect({ type: 'minor' })
  return new Promise((resolve) => systemClock.afterTurn(resolve))
}

/** V8 has no other name for it than the flag's; the flag is as it was afterwards. */
function youngCollection(): Collect {
  const own = (globalThis as { gc?: Collect }).gc
  if (own) return own
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc') as Collect
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
