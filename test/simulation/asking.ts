// Owns what a peer of a storm asks of the others: every kind of call, each ended by its own rules.

import type { Client, Peer } from 'earshot'
import type { World } from 'earshot/testing'
import type { Chance } from '../../src/testing/chance.ts'
import { padFault, padOf, Storm } from './contract.ts'
import { type Ledger, type Operation, type Outcome, outcomeOf, SLACK_MS } from './ledger.ts'

/** A dead link is noticed within so long, and nothing that goes over it lasts longer. */
const NOTICED_MS = 4_000

export class Asking {
  readonly name: string
  readonly #world: World
  readonly #ledger: Ledger
  readonly #chance: Chance
  readonly #longest: number
  readonly #plain: Client<typeof Storm>
  readonly #once: Client<typeof Storm>

  /** @param longest so many characters go with a message at most */
  constructor(
    world: World,
    peer: Peer,
    name: string,
    ledger: Ledger,
    chance: Chance,
    longest: number,
  ) {
    this.#world = world
    this.#longest = longest
    this.name = name
    this.#ledger = ledger
    this.#chance = chance
    this.#plain = peer.client(Storm)
    this.#once = peer.client(Storm, { retry: false })
  }

  any(): void {
    const { int } = this.#chance
    const pick = int(0, 99)
    if (pick < 45) this.#call(pick % 2 === 0 ? 'work' : 'again')
    else if (pick < 75) this.#notify()
    else if (pick < 85) void this.#read()
    else if (pick < 93) void this.#talk()
    else this.#poll()
  }

  /** Mostly short; in heavy storms enough to fill what frames are written into. */
  pad(id: number): string {
    const { int, is } = this.#chance
    if (is(0.2)) return padOf(id, int(0, this.#longest))
    return padOf(id, int(0, 60))
  }

  #work(operation: Operation) {
    const { int, is } = this.#chance
    const pad = this.pad(operation.id)
    return { id: operation.id, forMs: is(0.5) ? 0 : int(1, 300), fails: is(0.1), pad }
  }

  #call(kind: 'work' | 'again'): void {
    const { int, is } = this.#chance
    const timeoutMs = int(20, 1_500)
    const retries = is(0.6)
    const operation = this.#ledger.begin(kind, this.name, timeoutMs + SLACK_MS, retries)
    const client = retries ? this.#plain : this.#once
    const signal = is(0.15) ? this.#cancelledSoon() : undefined
    const call = client[kind](this.#work(operation), {
      ...{ timeoutMs, ...(signal && { signal }), ...(is(0.2) && { headers: { trace: 'yes' } }) },
      ...(is(0.2) && { key: String(int(0, 9)) }),
    })
    this.#follow(operation, call, ({ id }) => {
      if (id !== operation.id) this.#ledger.broken(`${kind} ${operation.id} got answer ${id}`)
      return { became: 'done' }
    })
  }

  #notify(): void {
    const { int, is, pick } = this.#chance
    const kind = pick(['note', 'shed', 'newest'] as const)
    const timeoutMs = int(20, 1_500)
    const until = pick(['queued', 'written', 'received', 'handled'] as const)
    // What is held for a full link waits for room, or for the end of the link, not for a time.
    const withinMs = (kind === 'shed' ? Number.POSITIVE_INFINITY : timeoutMs) + SLACK_MS
    const operation = this.#ledger.begin(kind, this.name, withinMs, false)
    const pad = this.pad(operation.id)
    const signal = is(0.1) ? this.#cancelledSoon() : undefined
    const call = this.#plain[kind](
      { id: operation.id, from: this.name, pad },
      { until, timeoutMs, ...(signal && { signal }) },
    )
    this.#follow(operation, call, (verdict) => verdict as Outcome)
  }

  async #read(): Promise<void> {
    const { int, is } = this.#chance
    const timeoutMs = int(50, 1_000)
    const to = int(0, 60)
    const operation = this.#ledger.begin('count', this.name, timeoutMs + 60_000, false)
    const pad = this.pad(operation.id)
    const leaveAt = is(0.2) ? int(0, 20) : -1
    const options = { timeoutMs, idleMs: NOTICED_MS, ahead: int(1, 20) }
    let next = 0
    try {
      for await (const item of this.#plain.count({ id: operation.id, to, pad }, options)) {
        const { id, n } = item
        const fault = padFault(id, item.pad)
        if (fault) this.#ledger.broken(`count ${id} read ${n} with ${fault}`)
        if (id !== operation.id || n !== next) {
          this.#ledger.broken(`count ${operation.id} read ${id}/${n} for ${next}`)
        }
        next = n + 1
        if (next === leaveAt) break
      }
      const isWhole = next === to || next === leaveAt
      if (!isWhole) this.#ledger.broken(`count ${operation.id} ended after ${next} of ${to}`)
      this.#ledger.end(operation, { became: 'done' })
    } catch (error) {
      this.#ledger.end(operation, outcomeOf(error))
    }
  }

  async #talk(): Promise<void> {
    const { int } = this.#chance
    const timeoutMs = int(50, 1_000)
    const operation = this.#ledger.begin('echo', this.name, timeoutMs + 60_000, false)
    const talk = this.#plain.echo({ timeoutMs, idleMs: NOTICED_MS })
    const count = int(1, 20)
    const say = async () => {
      for (let n = 0; n < count; n++) {
        await talk.ready()
        talk.send({ id: operation.id, n, pad: '' })
      }
      talk.end()
    }
    // Whatever ends the talk ends the loop below as well, which tells.
    say().catch(() => undefined)
    let next = 0
    try {
      for await (const { id, n } of talk) {
        if (id !== operation.id || n !== next) {
          this.#ledger.broken(`echo ${operation.id} heard ${id}/${n} for ${next}`)
        }
        next = n + 1
      }
      if (next !== count) this.#ledger.broken(`echo ${operation.id} heard ${next} of ${count}`)
      this.#ledger.end(operation, { became: 'done' })
    } catch (error) {
      this.#ledger.end(operation, outcomeOf(error))
    }
  }

  #poll(): void {
    const { int, pick } = this.#chance
    const withinMs = int(20, 1_000)
    const operation = this.#ledger.begin('poll', this.name, withinMs + SLACK_MS, true)
    const until = pick(['all', 'quorum', 1] as const)
    const call = this.#plain.poll(this.#work(operation), { withinMs, until })
    this.#follow(operation, call, ({ answers, silent, failed, enough }) => {
      const all = [...answers, ...silent, ...failed].map(({ from }) => from.id)
      const text = `poll ${operation.id} until ${until}`
      if (new Set(all).size !== all.length) this.#ledger.broken(`${text} names a peer twice`)
      if (answers.some(({ answer }) => answer.id !== operation.id)) {
        this.#ledger.broken(`${text} got another's answer`)
      }
      if (enough && answers.length === 0) this.#ledger.broken(`${text} had enough of nothing`)
      return answers.length > 0 ? { became: 'done' } : {}
    })
  }

  #cancelledSoon(): AbortSignal {
    const control = new AbortController()
    void this.#world.advance(this.#chance.int(0, 300)).then(() => control.abort())
    return control.signal
  }

  #follow<T>(operation: Operation, call: Promise<T>, outcome: (result: T) => Outcome): void {
    call.then(
      (result) => this.#ledger.end(operation, outcome(result)),
      (error: unknown) => this.#ledger.end(operation, outcomeOf(error)),
    )
  }
}
