// Owns counting the bytes that work leaves on the heap of V8, before anything is collected.

import { getHeapStatistics } from 'node:v8'

/** So many messages a try, one rotation: few enough that most tries end before a collection. */
const messages = 64
const tries = 65

/** Bytes a message, the median of the tries: a collection in between spoils one, not all. */
export function allocatedBytes(work: (count: number) => void): number {
  const found: number[] = []
  for (let index = 0; index < tries; index++) {
    const first = usedBytes()
    const before = usedBytes()
    work(messages)
    const after = usedBytes()
    // Looking allocates, too: as much as lies between two looks with nothing in between.
    found.push((after - before - (before - first)) / messages)
  }
  found.sort((a, b) => a - b)
  return Math.max(0, found[tries >> 1] as number)
}

function usedBytes(): number {
  return getHeapStatistics().used_heap_size
}
