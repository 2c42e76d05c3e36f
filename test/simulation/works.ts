// Owns what peers of two minor versions ask of each other: calls, hedged ones and tickets; and that
// each answer, default and declared error is the one that belongs to its question.

import {
  type Client,
  type HandlerContext,
  isDeclared,
  type Peer,
  type RequestContext,
  type ServeOptions,
  type Ticket,
} from 'earshot'
import type { World } from 'earshot/testing'
import type { Chance } from '../../src/testing/chance.ts'
import { padFault } from './contract.ts'
import { type Ledger, type Operation, outcomeOf, SLACK_MS } from './ledger.ts'
import {
  gradeOf,
  type Job,
  jobFault,
  type Made,
  madeFault,
  rushOf,
  Works12,
  Works14,
} from './works-contract.ts'

type Newer = Client<typeof Works14>

/** One peer's part in it, of one version. */
export class Works {
  readonly #world: World
  readonly #peer: Peer
  readonly #name: string
  readonly #version: 'older' | 'newer'
  readonly #ledger: Ledger
  readonly #chance: Chance
  readonly #pad: (id: number) => string
  readonly #isGone: () => boolean
  readonly #plain: Newer
  readonly #hedged: Newer

  constructor(
    world: World,
    peer: Peer,
    name: string,
    ledger: Ledger,
    chance: Chance,
    pad: (id: number) => string,
    isGone: () => boolean,
  ) {
    this.#world = world
    this.#peer = peer
    this.#name = name
    this.#ledger = ledger
    this.#chance = chance
    this.#pad = pad
    this.#isGone = isGone
    this.#version = chance.is(0.5) ? 'older' : 'newer'
    const hedge = { hedge: { afterMs: chance.int(5, 100) } }
    const isOlder = this.#version === 'older'
    // The two differ in their types; what differs in their bodies is looked at below.
    this.#plain = (isOlder ? peer.client(Works12) : peer.client(Works14)) as Newer
    this.#hedged = (isOlder ? peer.client(Works12, hedge) : peer.client(Works14, hedge)) as Newer
  }

  get isNewer(): boolean {
    return this.#version === 'newer'
  }

  async serve(options: ServeOptions): Promise<void> {
    const work = (job: Job, context: RequestContext<Made>) => this.#work(job, context)
    const handlers = { make: work, safe: work }
    if (this.isNewer) await this.#peer.serve(Works14, handlers as never, options)
    else await this.#peer.serve(Works12, handlers as never, options)
  }

  /** @param others who might claim a ticket of ours */
  any(others: readonly Works[]): void {
    const { int } = this.#chance
    const pick = int(0, 9)
    if (pick < 3) this.#call('make')
    else if (pick < 6) this.#call('safe')
    else void this.#later(others)
  }

  #work(job: Job, context: RequestContext<Made>) {
    const { id, forMs, pad, how } = job
    this.#ledger.handled(id, this.#name)
    const fault = padFault(id, pad) ?? jobFault(job, this.#version)
    if (fault) this.#ledger.broken(`${id} came to ${this.#name} with ${fault}`)
    const end = () => {
      if (how !== 'well') throw this.#errorOf(job, context)
      const { isNewer } = this
      const made = { id, by: this.#name, isNewer }
      return isNewer ? { ...made, grade: gradeOf(id) } : made
    }
    // By its number: what is tried again is done as it was before.
    if (id % 4 !== 0) return forMs === 0 ? end() : this.#world.advance(forMs).then(end)
    const answer = context.defer()
    void this.#world.advance(forMs).then(() => {
      try {
        answer.resolve(end() as Made)
      } catch (error) {
        answer.reject(error)
      }
    })
    return answer
  }

  #errorOf({ id, how }: Job, context: HandlerContext): Error {
    if (how === 'broken') return context.error('Broken', { id, part: `axle ${id}` })
    if (how === 'full' && this.isNewer) return context.error('Full', { id })
    return new Error('as was asked')
  }

  #job(id: number): Job {
    const { int, is, pick } = this.#chance
    const how: Job['how'] = is(0.7) ? 'well' : pick(['broken', 'full', 'bug'])
    const job = { id, forMs: is(0.5) ? 0 : int(1, 300), how, pad: this.#pad(id) }
    const { isNewer } = this
    return isNewer ? { ...job, isNewer, rush: rushOf(id) } : { ...job, isNewer }
  }

  #call(kind: 'make' | 'safe'): void {
    const { int, is } = this.#chance
    const timeoutMs = int(20, 1_500)
    const operation = this.#ledger.begin(kind, this.#name, timeoutMs + SLACK_MS, true)
    const job = this.#job(operation.id)
    const client = is(0.5) ? this.#hedged : this.#plain
    void this.#follow(operation, job, client[kind](job as never, { timeoutMs }))
  }

  async #later(others: readonly Works[]): Promise<void> {
    const { int, is, pick } = this.#chance
    const timeoutMs = int(50, 3_000)
    const operation = this.#ledger.begin('later', this.#name, timeoutMs + SLACK_MS, false)
    const job = this.#job(operation.id)
    const ticket = this.#plain.make.later(job as never, { timeoutMs })
    const what = int(0, 9)
    if (what === 0) void this.#world.advance(int(0, 200)).then(() => ticket.cancel())
    const claimers = others.filter(({ isNewer }) => isNewer === this.isNewer)
    if (what === 1 && claimers.length > 0) {
      const claimer = pick(claimers)
      const taken = () => claimer.#claim(ticket, job, operation)
      // When nobody has taken it its answer tells why.
      ticket.taken().then(taken, () => undefined)
    }
    const isWaitedFor = is(0.5) ? Promise.resolve() : this.#world.advance(int(0, timeoutMs))
    await isWaitedFor
    await this.#follow(operation, job, ticket.answer() as Promise<Made>)
    if (operation.outcome?.became !== 'done') return
    const again = (await ticket.answer()) as Made
    if (again.id !== job.id)
      this.#ledger.broken(`later ${job.id} gave ${again.id} when asked again`)
  }

  /** By the record of a ticket of somebody else, who may then wait in vain: it goes to one. */
  #claim(ticket: Ticket<unknown>, job: Job, asked: Operation): void {
    if (this.#isGone()) return
    asked.claimed = true
    const leftMs = Math.max(0, asked.untilMs - this.#world.nowMs)
    const operation = this.#ledger.begin('claim', this.#name, leftMs + SLACK_MS, false)
    const claimed = this.#plain.make.claim(JSON.stringify(ticket))
    void this.#follow(operation, job, claimed.answer() as Promise<Made>, 'claimed')
  }

  async #follow(
    operation: Operation,
    job: Job,
    call: Promise<Made>,
    became = 'done',
  ): Promise<void> {
    const text = `${operation.kind} ${job.id} by ${this.#name}, to end ${job.how},`
    try {
      const made = await call
      const other = made.id === job.id ? undefined : `got the answer of ${made.id}`
      const fault = other ?? madeFault(made, this.#version)
      if (fault) this.#ledger.broken(`${text} ${fault}`)
      if (job.how !== 'well') this.#ledger.broken(`${text} was answered`)
      this.#ledger.end(operation, { became })
    } catch (error) {
      const fault = this.#errorFault(job, error)
      if (fault) this.#ledger.broken(`${text} ${fault}`)
      this.#ledger.end(operation, outcomeOf(error))
    }
  }

  /** What is declared arrives as such, and with its data; what is not never looks as if it were. */
  #errorFault({ how, id }: Job, error: unknown): string | undefined {
    const { code, name } = error as { code?: string; name: string }
    if (how === 'broken' && code === 'EARSHOT_REMOTE') return 'failed without its declared error'
    if (code !== 'EARSHOT_DECLARED') return undefined
    if (!isDeclared(Works14.make, error) && !isDeclared(Works14.safe, error)) {
      return `failed with an error of another channel: ${name}`
    }
    const { data } = error as { data: { id: number; part?: string } }
    const wanted =
      how === 'broken' ? 'Broken' : how === 'full' && this.isNewer ? 'Full' : 'no error'
    const part = how === 'broken' ? `axle ${id}` : undefined
    if (name === wanted && data.id === id && data.part === part) return undefined
    return `failed with ${name} of ${JSON.stringify(data)} instead of ${wanted}`
  }
}
