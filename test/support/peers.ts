// Peers for tests: a mesh of their own each time, closed when the test ends, whatever came of it.

import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createPeer, type Peer, type PeerOptions } from 'earshot'
import { onTestFinished } from 'vitest'

export function randomMesh(): string {
  return `test-${randomBytes(6).toString('hex')}`
}

/**
 * A peer that finds others by the directory alone, which is the quickest; closed at the end. It
 * talks by sockets, as between processes.
 */
export async function testPeer(options: PeerOptions): Promise<Peer> {
  const usual = { discovery: ['directory'], withinProcess: 'sockets' } as const
  const peer = await createPeer({ ...usual, ...options })
  onTestFinished(() => peer.close())
  return peer
}

/** Waits until `holds()`; fails with `what` after `limitMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 30_000,
): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Two peers that know each other. */
export async function pairOf(
  left: Partial<PeerOptions> = {},
  right: Partial<PeerOptions> = {},
): Promise<[Peer, Peer]> {
  const mesh = randomMesh()
  const a = await testPeer({ name: 'a', mesh, ...left })
  const b = await testPeer({ name: 'b', mesh, ...right })
  await until('both know each other', () => a.peers().length === 1 && b.peers().length === 1)
  return [a, b]
}

export interface Fault {
  readonly area: string
  readonly text: string
  readonly code?: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** What Earshot reports from now on. */
export function faults(): Fault[] {
  return heardOn('earshot:fault')
}

/** What it finds worth knowing from now on. */
export function notes(): Fault[] {
  return heardOn('earshot:note')
}

function heardOn(channel: string): Fault[] {
  const seen: Fault[] = []
  const take = (told: unknown) => void seen.push(told as Fault)
  subscribe(channel, take)
  onTestFinished(() => void unsubscribe(channel, take))
  return seen
}

/** The error that `work` is rejected with. */
export async function failure(work: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await work
  } catch (error) {
    return error as Record<string, unknown>
  }
  throw new Error('it was expected to fail')
}
