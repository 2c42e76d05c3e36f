// Owns waiting until nothing listens at an address any more.
// Never unbinds: libzmq does that in another thread, which a socket that is being read does not
// survive.

import { existsSync } from 'node:fs'
import { placeOf } from '../base/address.ts'
import { type Clock, sleep } from '../base/clock.ts'
import { knock } from '../base/knock.ts'

/** Another thread closes a listener, mostly within a ms; on a busy machine that thread waits. */
const RELEASED_WITHIN_MS = 2_000
const ASK_AGAIN_MS = 2

/** Where one that stands for all is reached here. */
const anyOf: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
])

/** Resolves when a dial at `endpoint` (`tcp://host:port`) is refused, or the time is up. */
export async function released(endpoint: string, clock: Clock): Promise<void> {
  const bound = placeOf(endpoint)
  if (!bound) return
  const address = { ...bound, host: anyOf.get(bound.host) ?? bound.host }
  const endMs = clock.nowMs() + RELEASED_WITHIN_MS
  while (clock.nowMs() < endMs && (await knock(address, RELEASED_WITHIN_MS)) === 'open') {
    await sleep(clock, ASK_AGAIN_MS)
  }
}

/** Resolves when the file of a closed ipc socket is gone: libzmq removes it late, by its name. */
export async function unlinked(path: string, clock: Clock): Promise<void> {
  const endMs = clock.nowMs() + RELEASED_WITHIN_MS
  while (clock.nowMs() < endMs && existsSync(path)) await sleep(clock, ASK_AGAIN_MS)
}
