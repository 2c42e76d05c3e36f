// Storms over small meshes, half of the seeds: the two files run side by side.

import { describe, expect, it } from 'vitest'
import { limitMs, seedsOf, weather } from './seeds.ts'

const seeds = seedsOf(1)

describe('a mesh in a storm', () => {
  const title = `keeps every promise, in ${seeds.length} storms`
  it(title, { timeout: limitMs(seeds) }, async () => {
    const counts = await weather(seeds)
    expect(counts.storms).toBe(seeds.length)
  })
})
