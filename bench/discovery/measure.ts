// Owns the component `discovery`: how soon peers find each other and notice that one has gone.
// Never uses the machine's own network: namespaces on a bridge, and one without any network.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Effort, Progress } from '../process/effort.ts'
import { inTurn } from '../process/in-turn.ts'
import { allStarted, endAll, type Role, startRole } from '../process/parent.ts'
import { type Meeting, withMeeting } from '../roles/meeting.ts'
import type { Beginning, Mark, NeighbourJob, Visit } from '../roles/neighbour.ts'
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
const LEFT_WITHIN_MS = 2_000
/** cote takes up to 9 s by design. */
const KILLED_WITHIN_MS = 10_000
const QUICK_KILLED_WITHIN_MS = 2_000
/** Who has come stays, so that it leaves at rest. */
const STAY_MS = 1_000
const HOSTS = 5
/** By then all processes have heard when they begin. */
const BEGINS_AFTER_MS = 300
/** On a machine that does other work, too, a hundred take their time. */
const KNOWN_WITHIN_MS = 70_000
/** Questions are repeated after 0.15, 1, 3, 6, 12 s and so on: the first are over by then. */
const IDLE_AFTER_MS = 12_000
const QUICK_IDLE_AFTER_MS = 2_000
/** Moleculer announces itself every 30 s, and those who began together do so together. */
const IDLE_SECONDS = 30

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
  ...{ peers: 100, newcomers: 20, idleAfterMs: IDLE_AFTER_MS, idleSeconds: IDLE_SECONDS },
}
const quickPlan = {
  ...{ visits: 2, kills: 1, killedWithinMs: QUICK_KILLED_WITHIN_MS },
  ...{ peers: 10, newcomers: 2, idleAfterMs: QUICK_IDLE_AFTER_MS },
}

const pairSystems = ['mdns', 'bonjour', 'peer', 'host'] as const
const crowdSystems = ['mdns', 'bonjour'] as const
/** They take seconds by design: a short look is at one visit of each, and at no crowd. */
const slowSystems = ['cote', 'moleculer'] as const

export async function measureDiscovery(
  { quick, idleSeconds }: Effort,
  progress: Progress,
): Promise<DiscoveryFigures> {
  const plan: Plan = quick ? { ...quickPlan, idleSeconds } : fullPlan
  const { killedWithinMs, idleAfterMs } = plan
  const waited = { leftWithinMs: LEFT_WITHIN_MS, killedWithinMs, idleAfterMs }
  const notMeasured = whyNoNetworks()
  const pairs: PairFigures[] = []
  const crowds: CrowdFigures[] = []
  if (notMeasured === undefined) {
    const found = (system: System, plan: Plan) => {
      progress(system === 'host' ? 'one host without a network' : `two hosts, ${system}`)
      if (system === 'host') return withoutNetwork((host) => measureHost(host, plan))
      return withBridge(2, (network) => measurePair(system, network, plan))
    }
    const slowPlan = quick ? { ...plan, visits: 1 } : plan
    pairs.push(...(await inTurn(pairSystems, quick, (system) => found(system, plan))))
    pairs.push(...(await inTurn(slowSystems, quick, (system) => found(system, slowPlan))))
    const many = quick ? crowdSystems : [...crowdSystems, ...slowSystems]
    const known = await inTurn(many, quick, (system) => {
      progress(`${plan.peers} peers, ${system}`)
      return withBridge(HOSTS, (network) => measureCrowd(system, network, plan))
    })
    crowds.push(...known)
  }
  return { notMeasured, ...waited, idleSeconds: plan.idleSeconds, pairs, crowds }
}

function measurePair(system: System, { hosts, addresses }: Network, plan: Plan) {
  const [here = '', there = ''] = hosts
  const [address = '', far = ''] = addresses
  return withMeeting((a) =>
    // Two hosts do not share a directory.
    withMeeting((b) => {
      const running = () => start(system, a, here, address, 1)
      const job = { ...jobOf(system, b, far, 0), mesh: a.mesh }
      return measureVisits(system, running, (count) => startAt({ ...job, count }, there), plan)
    }),
  )
}

function measureHost(host: string, plan: Plan): Promise<PairFigures> {
  return withMeeting((meeting) => {
    const running = () => start('host', meeting, host, '127.0.0.1', 1)
    const another = (count: number) => start('host', meeting, host, '127.0.0.1', count)
    return measureVisits('host', running, another, plan)
  })
}

async function measureVisits(
  system: System,
  starting: () => Promise<Role>,
  another: (count: number) => Promise<Role>,
  { visits, kills, killedWithinMs }: Plan,
): Promise<PairFigures> {
  const roles = await allStarted([starting(), another(0)])
  const visitor = roles[1] as Role
  let running = roles[0] as Role
  /** Moleculer asks those who have left, too, for 10 minutes: each would find it slower. */
  const renew = async () => {
    if (system !== 'moleculer') return
    await running.end()
    running = await starting()
    roles.push(running)
    // By chance, as it gossips every 2 s.
    await sleep(STAY_MS * (1 + 2 * Math.random()))
  }
  const knows: number[] = []
  const sees: number[] = []
  const leaves: number[] = []
  const downs: number[] = []
  try {
    // Who did not notice once would not the next time either.
    let isNoticed = true
    for (let i = 0; i < visits; i++) {
      await renew()
      const expected = await running.ask<string[]>('ids')
      const { id, openedAtMs, knewAtMs } = await visitor.ask<Visit>('visit', expected)
      knows.push(knewAtMs - openedAtMs)
      sees.push((await running.ask<number>('upAt', id)) - openedAtMs)
      await sleep(STAY_MS)
      const leftAtMs = await visitor.ask<number>('leave')
      if (isNoticed) isNoticed = await noticed(running, id, leftAtMs, LEFT_WITHIN_MS, leaves)
    }
    isNoticed = true
    for (let i = 0; i < kills && isNoticed; i++) {
      await renew()
      const victim = await another(1)
      roles.push(victim)
      const [id = ''] = await victim.ask<string[]>('ids')
      await running.ask('upAt', id)
      const killedAtMs = nowMs()
      victim.signal('SIGKILL')
      isNoticed = await noticed(running, id, killedAtMs, killedWithinMs, downs)
    }
  } finally {
    await endAll(roles)
  }
  const [newcomerKnows, runningSees] = [timesOf(knows), timesOf(sees)]
  if (!newcomerKnows || !runningSees) throw new Error(`${system} did not find anybody`)
  return { system, newcomerKnows, runningSees, leave: timesOf(leaves), killed: timesOf(downs) }
}

/** Whether it was seen to go; then also after how long. */
async function noticed(
  running: Role,
  id: string,
  goneAtMs: number,
  withinMs: number,
  tookMs: number[],
): Promise<boolean> {
  const downAtMs = await running.ask<number | undefined>('downAt', { id, withinMs })
  if (downAtMs !== undefined) tookMs.push(downAtMs - goneAtMs)
  return downAtMs !== undefined
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
      const before = network.packets().toAll
      const beginning: Beginning = { count: peers / HOSTS, atMs: nowMs() + BEGINS_AFTER_MS }
      await Promise.all(roles.map((role) => role.ask('begin', beginning)))
      const known = await Promise.all(
        roles.map((role) => role.ask<number[]>('known', peers - 1, KNOWN_WITHIN_MS)),
      )
      const tookMs = known.flat().map((atMs) => atMs - beginning.atMs)
      const packetsPerPeer = (network.packets().toAll - before) / peers
      await sleep(idleAfterMs)
      const idle = await measureIdle(roles, network, idleSeconds)
      const expected = await Promise.all(roles.map((role) => role.ask<string[]>('ids')))
      const knows: number[] = []
      for (let i = 0; i < newcomers; i++) {
        const visit = await late.ask<Visit>('visit', expected.flat(), KNOWN_WITHIN_MS)
        knows.push(visit.knewAtMs - visit.openedAtMs)
        await sleep(STAY_MS / 4)
        await late.ask('leave')
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
  const packets = network.packets()
  const to = await marks()
  const shares = to.map(({ cpuUs, atMs }, index) => {
    const begun = from[index] as Mark
    return (cpuUs - begun.cpuUs) / 10 / (atMs - begun.atMs)
  })
  return {
    packetsPerSecond: {
      toAll: (packets.toAll - packetsBefore.toAll) / seconds,
      any: (packets.any - packetsBefore.any) / seconds,
    },
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
