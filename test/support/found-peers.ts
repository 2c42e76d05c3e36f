// Owns whole peers in network namespaces, each a process of its own that says whom it knows.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

const fixture = join(import.meta.dirname, 'found-peer.js')

export interface FoundPeerJob {
  readonly name: string
  readonly mesh: string
  readonly discovery: readonly ('mdns' | 'directory' | 'gossip')[]
  readonly directory?: string
  /** Default `lan`. */
  readonly listen?: 'host' | 'lan' | { readonly host: string }
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
  readonly child: ChildProcess
}

/** Killed when the test ends. */
export function startIn(namespace: string, job: FoundPeerJob): FoundPeer {
  const words = ['netns', 'exec', namespace, process.execPath, fixture, JSON.stringify(job)]
  const child = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const nobody: string[] = []
  const all = { knows: nobody, lost: nobody, hears: nobody, answers: nobody }
  const state = { started: false, ...all, child }
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
