// Owns whole peers in network namespaces, each a process of its own that says whom it knows.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { MdnsDiscovery, PeerStats } from 'earshot'
import { onTestFinished } from 'vitest'
import { eventually } from '../discovery/support.ts'

/** Of all that are started here. */
export const foundSecret = 'all that look for each other know it'

const fixture = join(import.meta.dirname, 'found-peer.js')

export interface FoundPeerJob {
  readonly name: string
  readonly mesh: string
  /** An address, too: `tcp://…` of an inbox. */
  readonly discovery: readonly string[]
  readonly directory?: string
  /** Default `lan`. */
  readonly listen?: 'host' | 'lan' | { readonly host: string; readonly port?: number }
  /** What its machine is called: by default all share the name of ours. */
  readonly machine?: string
}

/** Changes as the peer speaks. */
export interface FoundPeer {
  readonly started: unknown
  /** Names, sorted. */
  readonly knows: readonly string[]
  readonly lost: readonly string[]
  /** Those that are known and whose events have come, or who have answered a call. */
  readonly hears: readonly string[]
  readonly answers: readonly string[]
  /** What it has counted, as it was last asked to say. */
  readonly stats: FoundStats | undefined
  readonly child: ChildProcess
}

export interface FoundStats {
  readonly mdns: ReturnType<MdnsDiscovery['stats']>
  readonly counters: PeerStats['counters']
  readonly links: number
  readonly rss: number
}

/** Killed when the test ends. */
export function startIn(namespace: string, job: FoundPeerJob): FoundPeer {
  const called = `hostname ${job.machine} && exec "$@"`
  const elsewhere = job.machine === undefined ? [] : ['unshare', '-u', 'sh', '-c', called, 'sh']
  const words = [
    ...['netns', 'exec', namespace],
    ...elsewhere,
    ...[process.execPath, fixture],
    JSON.stringify({ ...job, secret: foundSecret }),
  ]
  const child = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const nobody: string[] = []
  const all = { knows: nobody, lost: nobody, hears: nobody, answers: nobody }
  const state = { started: false, ...all, stats: undefined, child }
  createInterface({ input: child.stdout }).on('line', (line) => {
    Object.assign(state, JSON.parse(line))
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return state
}

/** What it has counted by now. */
export async function statsOf(peer: FoundPeer): Promise<FoundStats> {
  const before = peer.stats
  peer.child.stdin?.write('stats\n')
  await eventually(() => peer.stats !== before)
  return peer.stats as FoundStats
}
