// Owns the role of members of a full mesh: several peers in a process, each of which publishes to
// all and calls all. Also the member that has links and nothing to do.

import type { Client, Peer } from 'earshot'
import { type Answers, playRole } from '../process/role.ts'
import { Suite } from './contract.ts'
import { joinMeeting, type Meeting } from './meeting.ts'

export interface MemberJob extends Meeting {
  readonly peers: number
}

export interface MemberMark {
  readonly delivered: number
  readonly missed: number
  readonly answered: number
  readonly failed: number
  readonly atMs: number
  /** µs of CPU time of the process so far. */
  readonly cpuUs: number
  /** Remote peers that each peer of this process sees; the fewest. */
  readonly links: number
}

const SAMPLE_BYTES = 100
const CALL_TIMEOUT_MS = 10_000
/** Calls of one peer that wait at once. */
const LANES = 16
/** Then sockets have their turn: each event goes to all others. */
const EVENTS_A_TURN = 64
const MET_WITHIN_MS = 30_000

class Member {
  answered = 0
  failed = 0
  delivered = 0
  missed = 0
  readonly peer: Peer
  readonly #client: Client<typeof Suite>
  readonly #body = new Uint8Array(SAMPLE_BYTES)

  constructor(peer: Peer) {
    this.peer = peer
    this.#client = peer.client(Suite, { timeoutMs: CALL_TIMEOUT_MS })
  }

  async join(): Promise<void> {
    await this.peer.serve(Suite, { item: () => undefined, echo: (body) => body })
    const on = () => {
      this.delivered++
    }
    const onMissed = (count: number) => {
      this.missed += count
    }
    await this.peer.subscribe(Suite.sample, on, { onMissed })
  }

  /** A call to each in turn, so that all links are used. */
  async touch(calls: number): Promise<void> {
    for (let call = 0; call < calls; call++) await this.#client.echo(this.#body)
  }

  async work(isOver: () => boolean): Promise<void> {
    const lanes = Array.from({ length: LANES }, () => this.#call(isOver))
    await Promise.all([this.#publish(isOver), ...lanes])
  }

  async #publish(isOver: () => boolean): Promise<void> {
    const out = this.peer.publisher(Suite.sample)
    for (let count = 1; !isOver(); count++) {
      if (!out.send(this.#body)) await out.ready()
      if (count % EVENTS_A_TURN === 0) await new Promise(setImmediate)
    }
  }

  async #call(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      try {
        await this.#client.echo(this.#body)
        this.answered++
      } catch {
        this.failed++
      }
    }
  }
}

await playRole<MemberJob>(async ({ peers, ...meeting }): Promise<Answers> => {
  const names = Array.from({ length: peers }, (_, index) => `member-${index}`)
  const joined = await Promise.all(names.map((name) => joinMeeting(meeting, name)))
  const members = joined.map((peer) => new Member(peer))
  await Promise.all(members.map((member) => member.join()))
  let over = false
  let working: Promise<unknown> = Promise.resolve()
  const sum = (of: 'delivered' | 'missed' | 'answered' | 'failed') =>
    members.reduce((total, member) => total + member[of], 0)
  const mark = (): MemberMark => {
    const { user, system } = process.cpuUsage()
    return {
      delivered: sum('delivered'),
      missed: sum('missed'),
      answered: sum('answered'),
      failed: sum('failed'),
      atMs: performance.now(),
      cpuUs: user + system,
      links: Math.min(...joined.map((peer) => peer.peers().length)),
    }
  }
  const meet = async (others: number) => {
    const endMs = performance.now() + MET_WITHIN_MS
    while (mark().links < others) {
      if (performance.now() > endMs) throw new Error(`${mark().links} of ${others} peers were met`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await Promise.all(members.map((member) => member.touch(others)))
  }
  const begin = () => {
    working = Promise.all(members.map((member) => member.work(() => over)))
  }
  const stop = async () => {
    over = true
    await working
    return mark()
  }
  const end = () => Promise.all(joined.map((peer) => peer.close()))
  return { meet, begin, mark, stop, end }
})
