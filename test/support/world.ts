// A world for a test: closed when the test ends, whatever came of it.

import { createWorld, type World, type WorldOptions } from 'earshot/testing'
import { onTestFinished } from 'vitest'

export function testWorld(options: WorldOptions = {}): World {
  const made = createWorld(options)
  onTestFinished(() => made.close())
  return made
}
