// Fault 7: a sender that is faster than who handles what it sends, for 2 s with each overflow;
// EARSHOT_NIGHTLY=1 makes it 60 s.

import { contract, isEarshotError, notification } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'

const LOAD_MS = process.env.EARSHOT_NIGHTLY === '1' ? 60_000 : 2_000
/** Each is held for 50 ms, as many at once as the link has credit for. */
const PAD = 'x'.repeat(10_000)
const FLAT_BYTES = 64 * 1_048_576

interface State {
  readonly handled: number
  readonly holes: number
  readonly outOfOrder: number
  readonly last: number
  readonly rss: number
}

describe(`a sender faster than its consumer for ${LOAD_MS / 1_000} s (fault 7)`, () => {
  it.each(['block', 'reject', 'drop-newest', 'drop-oldest'] as const)(
    'with %s',
    async (overflow) => {
      const mesh = randomMesh()
      const consumer = await startProcess('slow-consumer.js', [
        ...[mesh, 'consumer', JSON.stringify({ overflow, forMs: 50 })],
      ])
      const stateOf = async () => (await consumer.ask({ do: 'state' }, 'state')) as unknown as State
      const body = Type.Object({ id: Type.Integer(), pad: Type.String() })
      const Load = contract('test.load', '1.0.0', { push: notification(body, { overflow }) })
      const peer = await testPeer({ name: 'sender', mesh })
      await until('it is up', () => peer.peers().some(({ contracts }) => contracts.length > 0))
      const out = peer.sender(Load.push)
      const done = { sent: 0, refused: 0, waited: 0 }
      let half = 0
      let mostBytes = 0
      const dropped = () => peer.stats().counters.notificationsDropped
      const isFull = () => dropped() + done.refused + done.waited > 0
      const startMs = performance.now()
      // On a busy host the limit takes longer to reach.
      while (performance.now() - startMs < LOAD_MS || !isFull()) {
        for (let burst = 0; burst < 100; burst++) {
          try {
            const goesOn = out.send({ id: done.sent, pad: PAD })
            done.sent++
            if (!goesOn && overflow === 'block') {
              done.waited++
              await out.ready()
            }
          } catch (error) {
            if (!isEarshotError(error) || error.code !== 'EARSHOT_OVERLOADED') throw error
            done.refused++
          }
        }
        mostBytes = Math.max(mostBytes, peer.stats().waitingBytes)
        if (half === 0 && performance.now() - startMs > LOAD_MS / 2) half = (await stateOf()).rss
        await new Promise((resolve) => setImmediate(resolve))
      }
      await until(
        'all else is handled',
        async () => (await stateOf()).handled + dropped() === done.sent,
      )
      const { handled, holes, outOfOrder, rss } = await stateOf()
      console.info({ overflow, ...done, handled, dropped: dropped(), mostBytes, grown: rss - half })
      expect(mostBytes).toBeLessThanOrEqual(peer.stats().limits.maxOutboundBytes + 2 * PAD.length)
      expect(rss - half).toBeLessThan(FLAT_BYTES)
      expect(outOfOrder).toBe(0)
      const gaveWay = overflow.startsWith('drop')
      expect([dropped() > 0, done.refused > 0, done.waited > 0]).toEqual([
        ...[gaveWay, overflow === 'reject', overflow === 'block'],
      ])
      if (!gaveWay) expect(holes).toBe(0)
      expect(consumer.errors()).toBe('')
    },
  )
})
