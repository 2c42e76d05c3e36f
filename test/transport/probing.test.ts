// How often all links are asked whether they live, on a virtual clock.

import { createVirtualClock } from 'earshot/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { Probing } from '../../src/transport/probing.ts'

describe('who is linked is asked', () => {
  let clock: ReturnType<typeof createVirtualClock>
  let asked: number[]
  let deaths: number
  let probing: Probing

  beforeEach(() => {
    clock = createVirtualClock()
    asked = []
    deaths = 0
    probing = new Probing(clock, () => {
      asked.push(clock.nowMs() - startMs)
      for (; deaths > 0; deaths--) probing.found()
    })
    const startMs = clock.nowMs()
  })

  it('four times within 200 ms when somebody has hung up who is not found', async () => {
    probing.ended()
    await clock.advance(1_000)
    expect(asked).toEqual([1, 10, 50, 200])
  })

  it('no more once as many are found as have hung up', async () => {
    for (let one = 0; one < 3; one++) probing.ended()
    deaths = 2
    await clock.advance(5)
    deaths = 1
    await clock.advance(1_000)
    expect(asked).toEqual([1, 10])
  })

  it('anew for one who hangs up while the others are being looked for', async () => {
    probing.ended()
    await clock.advance(60)
    probing.ended()
    await clock.advance(1_000)
    expect(asked).toEqual([1, 10, 50, 200, 201, 210, 250, 400])
  })

  it('late and once when links were closed here, whose other sides hang up', async () => {
    for (let one = 0; one < 20; one++) probing.closed()
    for (let one = 0; one < 20; one++) probing.ended()
    await clock.advance(1_000)
    expect(asked).toEqual([200])
    probing.ended()
    deaths = 1
    await clock.advance(1_000)
    expect(asked).toEqual([200, 1_001])
  })

  it('at once for the next death when a link was closed whose end was looked for', async () => {
    probing.ended()
    probing.closed()
    await clock.advance(1_000)
    probing.ended()
    deaths = 1
    await clock.advance(1_000)
    expect(asked).toEqual([1, 1_001])
  })

  it('anew when a link was closed here and another had ended', async () => {
    probing.ended()
    probing.closed()
    await clock.advance(20)
    probing.ended()
    deaths = 1
    await clock.advance(1_000)
    expect(asked).toEqual([1, 21])
  })
})
