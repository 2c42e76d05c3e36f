// Owns the component `discovery`: how soon peers find each other and notice that one has gone.
// Never uses the machine's own network: namespaces on a bridge, and one without any network.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Effort, Progress } from '../process/effort.ts'
import { inTurn } from '../process/in-turn.ts'
import { allStarted, endAll, type Role, startRole } from '../process/parent.ts'
import { type Meeting, withMeeting } from '../roles/meeting.ts'
import type { Beginning, Mark, NeighbourJob, Visit, VisitRequest } from '../roles/neighbour.ts'
import { nowMs, type System } from '../roles/neighbours.ts'
import {
  type CrowdFigures,
  type DiscoveryFigures,
  type PairFigures,
  type Times,
  timesOf,
} from './figures.ts'
import { type Network, whyNoNetworks, withBridge, withoutNetwork } from './networks.ts'

const neighbourModule = new URL('../roles/neighbour.js', import.meta.url)
const KILLED_WITHIN_MS = 6_000
const QUICK_KILLED_WITHIN_MS = 2_000
const STAY_MS = 1_500
const HOSTS = 5
/** By then all processes have heard when they begin. */
const BEGINS_AFTER_MS = 300
/** On a machine that does other work, too, a hundred take their time. */
const KNOWN_WITHIN_MS = 70_000
/** Questions are repeated after 0.15, 1, 3, 6, 12 s and so on: the first are over by then. */
const IDLE_AFTER_MS = 12_000
const QUICK_IDLE_AFTER_MS = 2_000

interface Plan {
  readonly visits: number
  readonly kills: number
  readonly killedWithinMs: number
  readonly peers: number
  readonly newcomers: number
  readonly idleAfterMs: number
  readonly idleSeconds: number
}

const fullPlan = {
  ...{ visits: 20, kills: 10, killedWithinMs: KILLED_WITHIN_MS },
  ...{ peers: 100, newcomers: 20, idleAfterMs: IDLE_AFTER_MS },
}
const quickPlan = {
  ...{ visits: 2, kills: 1, killedWithinMs: QUICK_KILLED_WITHIN_MS },
  ...{ peers: 10, newcomers: 2, idleAfterMs: QUICK_IDLE_AFTER_MS },
}

export async function measureDiscovery(
  { quick, idleSeconds }: Effort,
  progress: Progress,
): Promise<DiscoveryFigures> {
  const plan: Plan = { ...(quick ? quickPlan : fullPlan), idleSeconds }
  const { idleAfterMs, killedWithinMs } = plan
  const notMeasured = whyNoNetworks()
  const pairs: PairFigures[] = []
  const crowds: CrowdFigures[] = []
  if (notMeasured === undefined) {
    const found = await inTurn(['mdns', 'bonjour', 'peer', 'host'] as const, quick, (system) => {
      progress(system === 'host' ? 'one host without a network' : `two hosts, ${system}`)
      if (system === 'host') return withoutNetwork((host) => measureHost(host, plan))
      return withBridge(2, (network) => measurePair(system, network, plan))
    })
    pairs.push(...found)
    const many = await inTurn(['mdns', 'bonjour'] as const, quick, (system) => {
      progress(`${plan.peers} peers, ${system}`)
      return withBridge(HOSTS, (network) => measureCrowd(system, network, plan))
    })
    crowds.push(...many)
  }
  return { notMeasured, killedWithinMs, idleAfterMs, idleSeconds, pairs, crowds }
}

function measurePair(system: System, { hosts, addresses }: Network, plan: Plan) {
  const [here = '', there = ''] = hosts
  const [address = '', far = ''] = addresses
  return withMeeting((a) =>
    // Two hosts do not share a directory.
    withMeeting((b) => {
      const running = start(system, a, here, address, 1)
      const job = { ...jobOf(system, b, far, 0), mesh: a.mesh }
      return measureVisits(system, running, (count) => startAt({ ...job, count }, there), plan)
    }),
  )
}

function measureHost(host: string, plan: Plan): Promise<PairFigures> {
  return withMeeting((meeting) => {
    const running = start('host', meeting, host, '127.0.0.1', 1)
    const another = (count: number) => start('host', meeting, host, '127.0.0.1', count)
    return measureVisits('host', running, another, plan)
  })
}

async function measureVisits(
  system: System,
  starting: Promise<Role>,
  another: (count: number) => Promise<Role>,
  { visits, kills, killedWithinMs }: Plan,
): Promise<PairFigures> {
  const [running, visitor] = (await allStarted([starting, another(0)])) as [Role, Role]
  const roles = [running, visitor]
  const knows: number[] = []
  const sees: number[] = []
  const leaves: number[] = []
  const downs: number[] = []
  try {
    for (let i = 0; i < visits; i++) {
      const request: VisitRequest = { expect: 1, stayMs: STAY_MS }
      const { id, openedAtMs, knewAtMs, leftAtMs } = await visitor.ask<Visit>('visit', request)
      knows.push(knewAtMs - openedAtMs)
      sees.push((await running.ask<number>('upAt', id)) - openedAtMs)
      const downAt = await running.ask<number | undefined>('downAt', { id, withinMs: 2_000 })
      if (downAt !== undefined) leaves.push(downAt - leftAtMs)
    }
    for (let i = 0; i < kills; i++) {
      const victim = await another(1)
      roles.push(victim)
      const [id] = await victim.ask<string[]>('ids')
      await running.ask('upAt', id)
      const killedAtMs = nowMs()
      victim.signal('SIGKILL')
      const within = { id, withinMs: killedWithinMs }
      const downAt = await running.ask<number | undefined>('downAt', within)
      // Who did not notice once would not the next time either.
      if (downAt === undefined) break
      downs.push(downAt - killedAtMs)
    }
  } finally {
    await endAll(roles)
  }
  const [newcomerKnows, runningSees, leave] = [timesOf(knows), timesOf(sees), timesOf(leaves)]
  if (!newcomerKnows || !runningSees || !leave) throw new Error(`${system} did not find anybody`)
  return { system, newcomerKnows, runningSees, leave, killed: timesOf(downs) }
}

async function measureCrowd(system: System, network: Network, plan: Plan): Promise<CrowdFigures> {
  const { peers, newcomers, idleAfterMs, idleSeconds } = plan
  return await withMeeting(async (meeting) => {
    const starting = [0, ...network.hosts.keys()].map((index) => {
      return start(system, meeting, network.hosts[index] ?? '', network.addresses[index] ?? '', 0)
    })
    const all = await allStarted(starting)
    // Who comes later is in a process of its own: others of its process would tell it.
    const [late, ...roles] = all as [Role, ...Role[]]
    try {
      const before = network.packets()
      const beginning: Beginning = { count: peers / HOSTS, atMs: nowMs() + BEGINS_AFTER_MS }
      await Promise.all(roles.map((role) => role.ask('begin', beginning)))
      const known = await Promise.all(
        roles.map((role) => role.ask<number[]>('known', peers - 1, KNOWN_WITHIN_MS)),
      )
      const tookMs = known.flat().map((atMs) => atMs - beginning.atMs)
      const packetsPerPeer = (network.packets() - before) / peers
      await sleep(idleAfterMs)
      const idle = await measureIdle(roles, network, idleSeconds)
      const knows: number[] = []
      for (let i = 0; i < newcomers; i++) {
        const request: VisitRequest = { expect: peers, stayMs: STAY_MS / 5 }
        const visit = await late.ask<Visit>('visit', request)
        knows.push(visit.knewAtMs - visit.openedAtMs)
      }
      const newcomerKnows = timesOf(knows)
      if (!newcomerKnows) throw new Error('there were no newcomers')
      return {
        ...{ system, peers, packetsPerPeer },
        knowsAll: timesOf(tookMs) as Times,
        togetherMs: Math.max(...tookMs),
        newcomerKnows,
        idlePacketsPerSecond: idle.packetsPerSecond,
        idleCpuPercent: idle.cpuPercent / peers,
      }
    } finally {
      await endAll(all)
    }
  })
}

async function measureIdle(roles: readonly Role[], network: Network, seconds: number) {
  const marks = () => Promise.all(roles.map((role) => role.ask<Mark>('mark')))
  const from = await marks()
  const packetsBefore = network.packets()
  await sleep(seconds * 1_000)
  const packets = network.packets() - packetsBefore
  const to = await marks()
  const shares = to.map(({ cpuUs, atMs }, index) => {
    const begun = from[index] as Mark
    return (cpuUs - begun.cpuUs) / 10 / (atMs - begun.atMs)
  })
  return {
    packetsPerSecond: packets / seconds,
    cpuPercent: shares.reduce((sum, one) => sum + one, 0),
  }
}

function start(system: System, meeting: Meeting, host: string, address: string, count: number) {
  return startAt(jobOf(system, meeting, address, count), host)
}

function startAt(job: NeighbourJob, host: string): Promise<Role> {
  return startRole(neighbourModule, job, host)
}

function jobOf(system: System, meeting: Meeting, address: string, count: number): NeighbourJob {
  const { mesh, directory } = meeting
  return { system, mesh, directory, address, count }
}
