// Owns what a peer stands on: clock, chance, host, trust and transport; by default this machine's.
// Never puts the parts of a peer together.

import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { type Clock, systemClock } from './base/clock.ts'
import type { Limits } from './base/limits.ts'
import { removeAbandoned } from './discovery/abandoned.ts'
import { RECENT_MS, removeLeftovers } from './discovery/leftovers.ts'
import { openPulses, type Pulses } from './discovery/pulses.ts'
import { runtimeDirectory, userDirectory } from './discovery/runtime-directory.ts'
import type { ResolvedOptions } from './peer-options.ts'
import type { PeerOptions } from './peer-types.ts'
import { hostTrust } from './security/host-key.ts'
import { warnOfInsecure } from './security/security.ts'
import type { Trust } from './security/trust.ts'
import { MemoryTransport } from './transport/memory-transport.ts'
import type { Transport } from './transport/transport.ts'
import { createZeromqTransport } from './transport/zeromq-transport.ts'

const SWEEP_AGAIN_MS: number = RECENT_MS + 500

/** All that a peer does not make itself: whoever brings another one decides what happens. */
export interface Ground {
  readonly clock: Clock
  /** 0 to 1, for spreads of time. */
  readonly random: () => number
  /** 32 hex digits that nobody else has, and nobody guesses: of a peer, of a ticket. */
  readonly newId: () => string
  readonly host: string
  readonly pid: number
  /** For the sockets of this host; none where there are no ipc sockets. */
  readonly folder: string | undefined
  /** Signs of life in that folder, of the peer that has this id. */
  pulses(id: string): Pulses | undefined
  /** None: nothing is encrypted, and everybody is let in. */
  readonly trust: Trust | undefined
  /** @param mayHear who may come to the outlet, of those whom the trust admits */
  transport(limits: Limits, mayHear: (key: string) => boolean): Promise<Transport>
}

export type FindGround = (resolved: ResolvedOptions, options: PeerOptions) => Promise<Ground>

/** @throws EARSHOT_RUNTIME_DIR, EARSHOT_TRUST_INVALID */
export const thisMachine: FindGround = async (resolved, options) => {
  const folder = await socketFolder(resolved, options)
  const trust = await trustOf(resolved, options)
  const clock = systemClock
  return {
    clock,
    random: Math.random,
    newId: () => randomBytes(16).toString('hex'),
    host: hostname(),
    pid: process.pid,
    folder,
    pulses: (id) => (folder === undefined ? undefined : openPulses(folder, id, clock)),
    trust,
    transport: async (limits, mayHear) => {
      const sockets = await createZeromqTransport(limits, clock, trust, mayHear)
      if (resolved.withinProcess === 'sockets') return sockets
      return new MemoryTransport({ sockets, limits, trust, mayHear })
    },
  }
}

/** What the options say; on this host alone, by default, all that this user runs. */
async function trustOf(
  { mesh, name, host, local }: ResolvedOptions,
  { security }: PeerOptions,
): Promise<Trust | undefined> {
  if (security === undefined) return local ? hostTrust(userDirectory()) : undefined
  if (security.mode === 'insecure') warnOfInsecure(name, host)
  return security.open(mesh)
}

/** The directory for sockets, with what dead peers left behind removed; none where ipc is not. */
async function socketFolder(
  { mesh }: ResolvedOptions,
  { directory: base }: PeerOptions,
): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  const folder = runtimeDirectory({ mesh, ...(base !== undefined && { base }) })
  await removeLeftovers(folder)
  // Who died just before is not known to be dead yet; what other meshes left keeps nobody waiting.
  const again = () => Promise.all([removeLeftovers(folder), removeAbandoned(folder)])
  systemClock.after(SWEEP_AGAIN_MS, again, true)
  return folder
}
