import { describe, expect, it } from 'vitest'
import { DiscoveryEvents } from '../../src/discovery/event-queue.ts'
import { aRecord } from './support.ts'

describe('events that wait for a slow watcher', () => {
  const open = () => new DiscoveryEvents(new AbortController().signal)

  it('keep the last of each peer, and an up stays an up', async () => {
    const events = open()
    const peer = aRecord()
    events.push({ type: 'up', peer })
    events.push({ type: 'change', peer: { ...peer, seq: 1 } })
    events.push({ type: 'change', peer: { ...peer, seq: 2 } })
    expect((await events.next()).value).toMatchObject({ type: 'up', peer: { seq: 2 } })
  })

  it('keep a down in place of what came before it', async () => {
    const events = open()
    const peer = aRecord()
    events.push({ type: 'up', peer })
    events.push({ type: 'down', id: peer.id, epoch: peer.epoch, reason: 'goodbye' })
    expect((await events.next()).value).toMatchObject({ type: 'down' })
  })

  it('give synced only after the peers that came before it', async () => {
    const events = open()
    events.push({ type: 'synced' })
    events.push({ type: 'up', peer: aRecord() })
    expect((await events.next()).value).toMatchObject({ type: 'up' })
    expect((await events.next()).value).toMatchObject({ type: 'synced' })
  })

  it('are bounded in peers and in faults, and what is dropped is counted', async () => {
    const events = open()
    for (let i = 0; i < 5_000; i++) {
      events.push({ type: 'up', peer: aRecord({ id: `?tcp://x:${i}` }) })
      events.push({ type: 'fault', error: new Error('x') })
    }
    expect(events.dropped).toBe(5_000 - 4_096 + (5_000 - 16))
  })

  it('end with the signal, once for all', async () => {
    const stop = new AbortController()
    let ends = 0
    const events = new DiscoveryEvents(stop.signal, () => ends++)
    const waiting = events.next()
    stop.abort()
    expect(await waiting).toEqual({ value: undefined, done: true })
    await events.return()
    events.push({ type: 'synced' })
    expect(await events.next()).toEqual({ value: undefined, done: true })
    expect(ends).toBe(1)
  })

  it('end at once when the signal was aborted before', async () => {
    const stop = new AbortController()
    stop.abort()
    expect(await new DiscoveryEvents(stop.signal).next()).toMatchObject({ done: true })
  })
})
