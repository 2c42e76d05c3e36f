import { constants, PerformanceObserver } from 'node:perf_hooks'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { frameDone } from '../../src/transport/frame-memory.ts'

/** What an entry of the type `gc` has beside the usual. */
interface Collection {
  readonly detail: { readonly kind: number; readonly flags: number }
}

/** Kinds of the collections that `work` asks for; what V8 does of itself is left out. */
async function collectionsIn(work: () => void): Promise<number[]> {
  const kinds: number[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind, flags } = (entry as unknown as Collection).detail
      if (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) kinds.push(kind)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  work()
  // The observer is told in the next turn.
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  observer.disconnect()
  return kinds
}

test('each 4 MiB of frames are followed by one young collection', async () => {
  frameDone(4 << 20)
  const kinds = await collectionsIn(() => {
    for (let frame = 0; frame < 3 * 64; frame++) frameDone(65_536)
  })
  expect(kinds).toEqual(Array(3).fill(constants.NODE_PERFORMANCE_GC_MINOR))
})

test('less than that is left to V8', async () => {
  frameDone(4 << 20)
  const kinds = await collectionsIn(() => {
    for (let frame = 0; frame < 63; frame++) frameDone(65_536)
  })
  expect(kinds).toEqual([])
})

test('the name of the collection is not left behind', () => {
  frameDone(4 << 20)
  expect(runInNewContext('typeof gc')).toBe('undefined')
})
