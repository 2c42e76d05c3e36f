// Owns the figures of many on one network: together, at rest, and one more. Never ends a run: what
// fails is said with its reason, and what was measured until then stands.

import { setTimeout as sleep } from 'node:timers/promises'
import { allStarted, endAll, type Role } from '../process/parent.ts'
import { withMeeting } from '../roles/meeting.ts'
import type { Beginning, Mark, Visit } from '../roles/neighbour.ts'
import { nowMs, type System } from '../roles/neighbours.ts'
import { Attempts } from './attempts.ts'
import { type CrowdFigures, type Times, timesOf } from './figures.ts'
import { start } from './neighbour-role.ts'
import type { Network, Packets } from './networks.ts'
import { KNOWN_WITHIN_MS, type Plan, STAY_MS } from './plan.ts'

export const HOSTS = 5
/** By then all processes have heard when they begin. */
const BEGINS_AFTER_MS = 300

interface Together {
  readonly knowsAll: Times | undefined
  readonly togetherMs: number | undefined
  readonly packetsPerPeer: number
}

interface AtRest {
  readonly idlePacketsPerSecond: Packets
  readonly idleCpuPercent: number
}

export async function measureCrowd(
  system: System,
  network: Network,
  plan: Plan,
): Promise<CrowdFigures> {
  const { peers, idleAfterMs, idleSeconds } = plan
  const attempts = new Attempts()
  const all: Role[] = []
  const knows: number[] = []
  let together: Together | undefined
  let atRest: AtRest | undefined
  await withMeeting(async (meeting) => {
    const starting = () =>
      [0, ...network.hosts.keys()].map((index) => {
        return start(system, meeting, network.hosts[index] ?? '', network.addresses[index] ?? '', 0)
      })
    try {
      const started = await attempts.at('start', async () => {
        all.push(...(await allStarted(starting())))
      })
      // Who comes later is in a process of its own: others of its process would tell it.
      const [late, ...roles] = all
      if (!started || !late) return
      await attempts.at('together', async () => {
        const found = await measureTogether(roles, network, peers)
        together = found
        // The figures of those that did know all stand.
        const { knowsAll } = found
        const known = knowsAll?.count ?? 0
        if (known < peers) {
          throw new Error(`${known} of ${peers} knew all within ${KNOWN_WITHIN_MS / 1_000} s`)
        }
      })
      await sleep(idleAfterMs)
      await attempts.at('at rest', async () => {
        atRest = await measureIdle(roles, network, idleSeconds, peers)
      })
      await attempts.at('newcomers', () => measureNewcomers(late, roles, plan, knows))
    } finally {
      await endAll(all)
    }
  })
  return {
    ...{ system, peers, knowsAll: undefined, togetherMs: undefined, packetsPerPeer: undefined },
    ...{ idlePacketsPerSecond: undefined, idleCpuPercent: undefined, ...together, ...atRest },
    newcomerKnows: timesOf(knows),
    failed: attempts.failed,
  }
}

async function measureTogether(
  roles: readonly Role[],
  network: Network,
  peers: number,
): Promise<Together> {
  const before = network.packets().toAll
  const beginning: Beginning = { count: peers / HOSTS, atMs: nowMs() + BEGINS_AFTER_MS }
  await Promise.all(roles.map((role) => role.ask('begin', beginning, KNOWN_WITHIN_MS)))
  const question = { expect: peers - 1, withinMs: KNOWN_WITHIN_MS }
  const known = await Promise.all(
    roles.map((role) => role.ask<(number | null)[]>('known', question, KNOWN_WITHIN_MS * 2)),
  )
  const packetsPerPeer = (network.packets().toAll - before) / peers
  const tookMs = known.flat().flatMap((atMs) => (atMs === null ? [] : [atMs - beginning.atMs]))
  const togetherMs = tookMs.length === peers ? Math.max(...tookMs) : undefined
  return { knowsAll: timesOf(tookMs), togetherMs, packetsPerPeer }
}

async function measureNewcomers(
  late: Role,
  roles: readonly Role[],
  { newcomers }: Plan,
  knows: number[],
): Promise<void> {
  const ids = await Promise.all(roles.map((role) => role.ask<string[]>('ids')))
  const question = { expected: ids.flat(), withinMs: KNOWN_WITHIN_MS }
  for (let i = 0; i < newcomers; i++) {
    const visit = await late.ask<Visit>('visit', question, KNOWN_WITHIN_MS * 2)
    knows.push(visit.knewAtMs - visit.openedAtMs)
    await sleep(STAY_MS / 4)
    await late.ask('leave')
  }
}

async function measureIdle(
  roles: readonly Role[],
  network: Network,
  seconds: number,
  peers: number,
): Promise<AtRest> {
  const marks = () => Promise.all(roles.map((role) => role.ask<Mark>('mark')))
  const from = await marks()
  const packetsBefore = network.packets()
  await sleep(seconds * 1_000)
  const packets = network.packets()
  const to = await marks()
  const shares = to.map(({ cpuUs, atMs }, index) => {
    const begun = from[index] as Mark
    return (cpuUs - begun.cpuUs) / 10 / (atMs - begun.atMs)
  })
  return {
    idlePacketsPerSecond: {
      toAll: (packets.toAll - packetsBefore.toAll) / seconds,
      any: (packets.any - packetsBefore.any) / seconds,
    },
    idleCpuPercent: shares.reduce((sum, one) => sum + one, 0) / peers,
  }
}
