// Owns the component `fan-out`: one to many, a full mesh at work, and what links cost that rest.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Effort, Progress, Times } from '../process/effort.ts'
import { allStarted, endAll, type Role, startRole } from '../process/parent.ts'
import { measureSpread } from '../process/spread.ts'
import { withMeeting } from '../roles/meeting.ts'
import type { MemberJob, MemberMark } from '../roles/member.ts'
import type { FanOutFigures, IdleFigures, MeshFigures, SpreadRow } from './figures.ts'

const memberModule = new URL('../roles/member.js', import.meta.url)
const PROCESSES = 4
const MANY = 50
const MESH_PEERS = 20
const MEET_WITHIN_MS = 60_000
/** After the last call: what was begun is over, beats alone are left. */
const REST_MS = 1_000

export async function measureFanOut(effort: Effort, progress: Progress): Promise<FanOutFigures> {
  const ones: SpreadRow[] = []
  const fifties: SpreadRow[] = []
  for (let round = 1; round <= effort.rounds; round++) {
    progress(`1 publisher, 1 subscriber, round ${round} of ${effort.rounds}`)
    ones.push(await measureMany(1, 1, effort))
    progress(`${MANY} subscribers in ${PROCESSES} processes, round ${round} of ${effort.rounds}`)
    fifties.push(await measureMany(MANY, PROCESSES, effort))
  }
  const [one, fifty] = [middleOf(ones), middleOf(fifties)]
  progress(`mesh of ${MESH_PEERS} peers in ${PROCESSES} processes`)
  const mesh = await measureMesh(effort)
  progress(`a peer at rest with ${MESH_PEERS} links`)
  const idle = await measureIdle(effort.idleSeconds)
  return { one, fifty, ratio: fifty.deliveredPerSecond / one.deliveredPerSecond, mesh, idle }
}

async function measureMany(count: number, processes: number, times: Times): Promise<SpreadRow> {
  const peers = shared(count, processes).map((share) => Array.from({ length: share }, () => []))
  return { ...(await measureSpread({ channel: 'sample', processes: peers, times })), processes }
}

/** The round with the middle rate; exact only if all were. */
function middleOf(rows: readonly SpreadRow[]): SpreadRow {
  const sorted = [...rows].sort((one, other) => one.deliveredPerSecond - other.deliveredPerSecond)
  const middle = sorted[Math.floor(sorted.length / 2)] as SpreadRow
  return rows.find(({ exact }) => !exact) ?? middle
}

async function measureMesh(times: Times): Promise<MeshFigures> {
  return await withMembers(shared(MESH_PEERS, PROCESSES), async (roles) => {
    await meet(roles, MESH_PEERS)
    await Promise.all(roles.map((role) => role.ask('begin')))
    await sleep(times.warmUpMs)
    const from = await marks(roles)
    await sleep(times.seconds * 1_000)
    const to = await marks(roles)
    const end = await Promise.all(roles.map((role) => role.ask<MemberMark>('stop')))
    const rate = (of: 'delivered' | 'answered') =>
      to.reduce((sum, mark, index) => {
        const before = from[index] as MemberMark
        return sum + ((mark[of] - before[of]) / (mark.atMs - before.atMs)) * 1_000
      }, 0)
    return {
      peers: MESH_PEERS,
      processes: PROCESSES,
      deliveredPerSecond: rate('delivered'),
      answeredPerSecond: rate('answered'),
      missed: end.reduce((sum, { missed }) => sum + missed, 0),
      failed: end.reduce((sum, { failed }) => sum + failed, 0),
    }
  })
}

/** The first process holds one peer alone: its CPU time is that of the peer. */
async function measureIdle(seconds: number): Promise<IdleFigures> {
  return await withMembers([1, ...shared(MESH_PEERS, PROCESSES)], async (roles) => {
    await meet(roles, MESH_PEERS + 1)
    await sleep(REST_MS)
    const [peer] = roles as [Role, ...Role[]]
    const from = await peer.ask<MemberMark>('mark')
    await sleep(seconds * 1_000)
    const to = await peer.ask<MemberMark>('mark')
    const cpuPercent = ((to.cpuUs - from.cpuUs) / 1e3 / (to.atMs - from.atMs)) * 100
    return { links: to.links, seconds, cpuPercent }
  })
}

async function withMembers<T>(
  counts: readonly number[],
  run: (roles: readonly Role[]) => Promise<T>,
): Promise<T> {
  return await withMeeting(async (meeting) => {
    const starting = counts.map((peers) => {
      const job: MemberJob = { ...meeting, peers }
      return startRole(memberModule, job)
    })
    const roles = await allStarted(starting)
    try {
      return await run(roles)
    } finally {
      await endAll(roles)
    }
  })
}

/** All know all, and have called each other once. */
async function meet(roles: readonly Role[], peers: number): Promise<void> {
  await Promise.all(roles.map((role) => role.ask('meet', peers - 1, MEET_WITHIN_MS)))
}

function marks(roles: readonly Role[]): Promise<MemberMark[]> {
  return Promise.all(roles.map((role) => role.ask<MemberMark>('mark')))
}

/** As evenly as it goes: 13, 13, 12, 12. */
function shared(count: number, processes: number): number[] {
  return Array.from({ length: processes }, (_, index) => {
    return Math.floor((count + processes - 1 - index) / processes)
  })
}
