// Owns the provider for peers that are written down: they exist because somebody said so.
// Never says that one is down: only its link can know.

import { checkList } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'
import { DiscoveryEvents } from './event-queue.ts'
import type { Announcement, Discovery, DiscoveryEvent, PeerRecord } from './provider.ts'

const ENDPOINT = /^(?:tcp:\/\/[^/\s]+:\d{1,5}|ipc:\/\/\S+)$/

/** Of the peer that must stand there, where each has one of its own. */
const KEY = /#[\w-]{43}$/

const silent: Announcement = {
  update: () => Promise.resolve(),
  withdraw: () => Promise.resolve(),
}

/**
 * Reports each inbox endpoint (`tcp://host:port`, `ipc://path`) as a peer with the id
 * `?<endpoint>` and epoch 0, which the hello replaces by the true one. Announces nothing.
 * With `allowList` an endpoint may name the key behind it: `tcp://10.0.0.7:4711#<key>`; without,
 * each that is on the list is tried.
 * @throws EARSHOT_OPTION_INVALID for what is no endpoint.
 */
export function staticPeers(endpoints: readonly string[]): Discovery {
  checkList(endpoints, '/peers', 'a list of endpoints: ["tcp://10.0.0.7:4711"]')
  const known = [...new Set(endpoints)]
  for (const [index, endpoint] of known.entries()) {
    if (isEndpoint(endpoint.replace(KEY, ''))) continue
    const text = `"${endpoint}" is no endpoint: write tcp://host:port, with #key, or ipc://path`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: `/peers/${index}` })
  }
  const open = new Set<DiscoveryEvents>()
  return {
    name: 'static',
    announce: () => Promise.resolve(silent),
    watch(mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
      const events: DiscoveryEvents = new DiscoveryEvents(signal, () => open.delete(events))
      open.add(events)
      for (const endpoint of known) events.push({ type: 'up', peer: strangerAt(endpoint, mesh) })
      events.push({ type: 'synced' })
      return events
    },
    close(): Promise<void> {
      for (const events of open) events.end()
      return Promise.resolve()
    },
  }
}

/** True for what ZeroMQ can be told to dial: `tcp://host:port`, `ipc://path`. */
export function isEndpoint(text: string): boolean {
  return ENDPOINT.test(text)
}

/** A record for an endpoint of which nothing else is known yet. */
function strangerAt(endpoint: string, mesh: string): PeerRecord {
  return { id: `?${endpoint}`, epoch: 0, seq: 0, mesh, inbox: [endpoint], door: [] }
}
