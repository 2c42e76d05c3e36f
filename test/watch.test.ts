// What watch() tells is what peers() says, whenever it begins, and however slowly it is read.

import { contract, type PeerChange, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure } from './support/peers.ts'
import { testWorld } from './support/world.ts'

const Nothing = Type.Object({})
const Work = contract('test.work', '1.0.0', { wait: request(Nothing, Nothing) })

const textOf = ({ type, peer, reason }: PeerChange) =>
  `${peer.name} ${type}${reason === undefined ? '' : ` ${reason}`}`

describe('watch()', () => {
  it('begun while a peer leaves tells of its coming before its going', async () => {
    const world = testWorld({ seed: 21 })
    await world.run(async () => {
      const leaver = await world.createPeer({ name: 'leaver' })
      await leaver.serve(Work, { wait: () => new Promise(() => undefined) })
      const caller = await world.createPeer({ name: 'caller' })
      const call = failure(caller.client(Work).wait({}, { timeoutMs: 60_000 }))
      await world.advance(100)
      const closed = leaver.close()
      await world.advance(100)
      expect(caller.peers()).toEqual([])
      const seen: string[] = []
      const watching = (async () => {
        for await (const change of caller.watch()) seen.push(textOf(change))
      })()
      await world.advance(10_000)
      await closed
      await call
      await caller.close()
      await watching
      expect(seen).toEqual(['leaver up', 'leaver leaving', 'leaver down left'])
    })
  })

  it('ends with an error where it is read too slowly: what it told before is whole', async () => {
    const world = testWorld({ seed: 22 })
    await world.run(async () => {
      const watcher = await world.createPeer({ name: 'watcher', limits: { maxIteratorItems: 4 } })
      const changes = watcher.watch()
      for (const name of ['a', 'b', 'c']) {
        const peer = await world.createPeer({ name })
        await world.advance(1_000)
        await peer.close()
        await world.advance(1_000)
      }
      const seen: string[] = []
      const reading = (async () => {
        for await (const change of changes) seen.push(textOf(change))
      })()
      expect(await failure(reading)).toMatchObject({ code: 'EARSHOT_OVERLOADED' })
      expect(seen).toEqual(['a up', 'a leaving', 'a down left', 'b up'])
      const anew = watcher.watch()
      const late = await world.createPeer({ name: 'late' })
      await world.advance(1_000)
      expect(textOf((await anew.next()).value)).toBe('late up')
      await late.close()
    })
  })
})
