// How often all links are asked whether they live, on a virtual clock; and what the
// monitor of a real socket tells.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createVirtualClock } from 'earshot/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import * as zmq from 'zeromq'
import { Probing, watchEnds } from '../../src/transport/probing.ts'
import { until } from '../support/peers.ts'

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

  it('late and once when strangers hang up, and at once for a death behind them', async () => {
    for (let one = 0; one < 20; one++) {
      probing.unmet()
      probing.ended()
    }
    await clock.advance(100)
    probing.ended()
    deaths = 1
    await clock.advance(1_000)
    expect(asked).toEqual([101, 200])
  })
})

describe('the monitor of an inbox', () => {
  let inbox: zmq.Router
  let told: string[]
  let endpoint: string
  const strangers: Socket[] = []
  const watch = (router: zmq.Router) => {
    const tell = { unmet: () => told.push('unmet'), ended: () => told.push('ended') }
    watchEnds(router, tell as unknown as Probing)
  }

  beforeEach(async () => {
    told = []
    inbox = new zmq.Router({ handshakeInterval: 100 })
    watch(inbox)
    await inbox.bind('tcp://127.0.0.1:*')
    endpoint = inbox.lastEndpoint as string
    return () => {
      inbox.close()
      for (const socket of strangers.splice(0)) socket.destroy()
    }
  })

  const stranger = async (bytes: string, hangsUp: boolean) => {
    const socket = connect(Number(endpoint.split(':').pop()), '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(Buffer.from(bytes, 'latin1'))
    if (hangsUp) socket.end()
    strangers.push(socket)
  }

  it.each([
    ['hangs up at once', '', true],
    ['speaks another protocol', 'GET / HTTP/1.1\r\n\r\n', true],
    ['says no more than half a greeting', `\xff${'\0'.repeat(8)}\x7f\x03`, false],
  ])('tells of a stranger who %s before it tells of its end', async (_, bytes, hangsUp) => {
    await stranger(bytes, hangsUp)
    await until('its end is told', () => told.includes('ended'))
    expect(told).toEqual(['unmet', 'ended'])
  })

  it('tells of the end alone of whoever was through with the handshake', async () => {
    const dealer = new zmq.Dealer({ linger: 0 })
    dealer.connect(endpoint)
    await dealer.send('hello')
    await inbox.receive()
    dealer.close()
    await until('its end is told', () => told.includes('ended'))
    expect(told).toEqual(['ended'])
  })

  it('tells of who has no key before it tells of its end', async () => {
    const keys = zmq.curveKeyPair()
    const guarded = new zmq.Router({ curveServer: true, curveSecretKey: keys.secretKey })
    watch(guarded)
    await guarded.bind('tcp://127.0.0.1:*')
    const dealer = new zmq.Dealer({ linger: 0, reconnectInterval: -1 })
    dealer.connect(guarded.lastEndpoint as string)
    await until('its end is told', () => told.includes('ended'))
    expect(told).toEqual(['unmet', 'ended'])
    dealer.close()
    guarded.close()
  })
})
