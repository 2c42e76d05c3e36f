// Owns the figures of one that runs and of others that come and go. Never ends a run: what fails
// is said with its reason, and what was measured until then stands.

import { setTimeout as sleep } from 'node:timers/promises'
import { allStarted, endAll, type Role } from '../process/parent.ts'
import { withMeeting } from '../roles/meeting.ts'
import type { Visit } from '../roles/neighbour.ts'
import { nowMs, type System } from '../roles/neighbours.ts'
import { Attempts } from './attempts.ts'
import { type PairFigures, timesOf } from './figures.ts'
import { jobOf, start, startAt } from './neighbour-role.ts'
import type { Network } from './networks.ts'
import { KNOWN_WITHIN_MS, LEFT_WITHIN_MS, type Plan, STAY_MS } from './plan.ts'

type Starting = (count: number) => Promise<Role>

export function measurePair(
  system: System,
  { hosts, addresses }: Network,
  plan: Plan,
): Promise<PairFigures> {
  const [here = '', there = ''] = hosts
  const [address = '', far = ''] = addresses
  return withMeeting((a) =>
    // Two hosts do not share a directory.
    withMeeting((b) => {
      const running = () => start(system, a, here, address, 1)
      const job = { ...jobOf(system, b, far, 0), mesh: a.mesh }
      return new Pair(system, running, (count) => startAt({ ...job, count }, there)).measure(plan)
    }),
  )
}

export function measureHost(host: string, plan: Plan): Promise<PairFigures> {
  return withMeeting((meeting) => {
    const another = (count: number) => start('host', meeting, host, '127.0.0.1', count)
    return new Pair('host', () => another(1), another).measure(plan)
  })
}

class Pair {
  readonly #knows: number[] = []
  readonly #sees: number[] = []
  readonly #leaves: number[] = []
  readonly #downs: number[] = []
  readonly #roles: Role[] = []
  readonly #system: System
  readonly #starting: () => Promise<Role>
  readonly #another: Starting

  constructor(system: System, starting: () => Promise<Role>, another: Starting) {
    this.#system = system
    this.#starting = starting
    this.#another = another
  }

  async measure(plan: Plan): Promise<PairFigures> {
    const attempts = new Attempts()
    try {
      await attempts.at('start', async () => {
        this.#roles.push(...(await allStarted([this.#starting(), this.#another(0)])))
      })
      const [running, visitor] = this.#roles
      if (running && visitor) {
        const isSound = await attempts.at('visits', () => this.#visits(running, visitor, plan))
        await attempts.at('SIGKILL', async () => {
          await this.#kills(isSound ? running : await this.#renewed(running), plan)
        })
      }
    } finally {
      await endAll(this.#roles)
    }
    return {
      system: this.#system,
      newcomerKnows: timesOf(this.#knows),
      runningSees: timesOf(this.#sees),
      leave: timesOf(this.#leaves),
      killed: timesOf(this.#downs),
      failed: attempts.failed,
    }
  }

  async #visits(first: Role, visitor: Role, { visits }: Plan): Promise<void> {
    let running = first
    // Who did not notice once would not the next time either.
    let isNoticed = true
    for (let i = 0; i < visits; i++) {
      running = await this.#ready(running)
      const expected = await running.ask<string[]>('ids')
      const { id, openedAtMs, knewAtMs } = await visitor.ask<Visit>(
        'visit',
        { expected, withinMs: KNOWN_WITHIN_MS },
        KNOWN_WITHIN_MS * 2,
      )
      this.#knows.push(knewAtMs - openedAtMs)
      this.#sees.push((await this.#upAt(running, id)) - openedAtMs)
      await sleep(STAY_MS)
      const leftAtMs = await visitor.ask<number>('leave')
      if (isNoticed) {
        isNoticed = await noticed(running, id, leftAtMs, LEFT_WITHIN_MS, this.#leaves)
      }
    }
  }

  async #kills(first: Role, { kills, killedWithinMs }: Plan): Promise<void> {
    let running = first
    for (let i = 0; i < kills; i++) {
      running = await this.#ready(running)
      const victim = await this.#another(1)
      this.#roles.push(victim)
      const [id = ''] = await victim.ask<string[]>('ids')
      await this.#upAt(running, id)
      const killedAtMs = nowMs()
      victim.signal('SIGKILL')
      if (!(await noticed(running, id, killedAtMs, killedWithinMs, this.#downs))) return
    }
  }

  /** Moleculer asks those who have left, too, for 10 minutes: each would find it slower. */
  async #ready(running: Role): Promise<Role> {
    if (this.#system !== 'moleculer') return running
    const next = await this.#renewed(running)
    // By chance, as it gossips every 2 s.
    await sleep(STAY_MS * (1 + 2 * Math.random()))
    return next
  }

  async #renewed(running: Role): Promise<Role> {
    await running.end()
    const next = await this.#starting()
    this.#roles.push(next)
    return next
  }

  #upAt(running: Role, id: string): Promise<number> {
    const question = { id, withinMs: KNOWN_WITHIN_MS }
    return running.ask<number>('upAt', question, KNOWN_WITHIN_MS * 2)
  }
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
