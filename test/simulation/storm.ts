// Owns one storm: a small mesh, made by a seed, in which all kinds of things are asked while peers
// are killed, stopped, cut off and slow; then peace, and the judgement.

import type { Peer } from 'earshot'
import { createWorld, type World } from 'earshot/testing'
import { type Chance, createChance } from '../../src/testing/chance.ts'
import { Asking } from './asking.ts'
import { Storm } from './contract.ts'
import { Ledger } from './ledger.ts'
import { Listening, serveAll } from './serving.ts'

interface Actor {
  readonly name: string
  readonly peer: Peer
  readonly asking: Asking
  readonly listening: { readonly ear: Listening; readonly forMs: number }[]
  /** What it has published, and of each key. */
  sent: number
  readonly ofKey: Map<string, number>
  killed: boolean
  stopped: boolean
  /** How long it stood still, in all. */
  stoodMs: number
}

export interface StormReport {
  readonly seed: number
  readonly problems: readonly string[]
  readonly operations: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly heard: number
  readonly trace: readonly string[]
}

const KEYS = ['a', 'b', 'c']
const OVERFLOWS = ['drop-oldest', 'drop-newest', 'latest', 'block', 'reject'] as const
/** Links are found dead, dialled anew and breakers have closed by then. */
const PEACE_MS = 15_000

export async function storm(seed: number, trace = false): Promise<StormReport> {
  const one = new OneStorm(seed, trace)
  return one.run()
}

class OneStorm {
  readonly #seed: number
  readonly #chance: Chance
  readonly #world: World
  readonly #ledger: Ledger
  readonly #actors: Actor[] = []
  readonly #streams = new Set<number>()
  readonly #limits: Record<string, number>
  /** Nothing breaks in this one: then nothing may be lost either. */
  readonly #calm: boolean
  #count = 0

  constructor(seed: number, trace: boolean) {
    this.#seed = seed
    const chance = createChance(seed + 2 ** 41)
    this.#chance = chance
    this.#calm = chance.is(0.2)
    const breaks = !this.#calm && chance.is(0.3)
    const conditions = {
      latencyMs: chance.pick([0.25, 1, 20]),
      jitterMs: chance.pick([0, 2, 40]),
      bytesPerMs: chance.pick([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 200]),
      cutRate: breaks ? 0.002 : 0,
      dropRate: this.#calm ? 0 : chance.pick([0, 0, 0.1]),
    }
    this.#world = createWorld({ seed, trace, conditions })
    this.#ledger = new Ledger(() => this.#world.nowMs)
    this.#limits = chance.is(0.5)
      ? {}
      : { creditBytes: 8_192, maxOutboundBytes: 8_192, maxFrameBytes: 2_048, maxOutletFrames: 16 }
  }

  async run(): Promise<StormReport> {
    const { int, is } = this.#chance
    await this.#world.run(async () => {
      for (let count = int(2, 4); count > 0; count--) await this.#join()
      for (let turn = int(30, 70); turn > 0; turn--) {
        await this.#turn()
        await this.#world.advance(is(0.06) ? int(500, 5_000) : int(0, 25))
      }
      await this.#peace()
      await this.#judge()
    })
    await this.#close()
    return this.#report()
  }

  async #join(): Promise<void> {
    const name = `p${++this.#count}`
    const peer = await this.#world.createPeer({ name, limits: this.#limits })
    const asking = new Asking(this.#world, peer, name, this.#ledger, this.#chance)
    const begun = { listening: [], sent: 0, ofKey: new Map(), stoodMs: 0 }
    this.#actors.push({ name, peer, asking, ...begun, killed: false, stopped: false })
    await serveAll(this.#world, this.#ledger, peer, name, this.#streams)
  }

  async #turn(): Promise<void> {
    const { int, is, pick } = this.#chance
    const awake = this.#actors.filter(({ killed, stopped }) => !killed && !stopped)
    if (awake.length === 0) return
    const actor = pick(awake)
    const what = int(0, 99)
    if (what < 60) for (let count = is(0.1) ? int(5, 30) : 1; count > 0; count--) actor.asking.any()
    else if (what < 80) this.#publish(actor, is(0.2) ? int(10, 60) : 1)
    else if (what < 88) this.#listen(actor)
    else if (!this.#calm) await this.#weather(actor, awake)
  }

  #publish(actor: Actor, count: number): void {
    const { int, is, pick } = this.#chance
    const publisher = actor.peer.publisher(Storm.tick)
    for (let left = count; left > 0; left--) {
      const key = pick(KEYS)
      const ofKey = (actor.ofKey.get(key) ?? 0) + 1
      const pad = 'x'.repeat(is(0.2) ? int(0, 3_000) : int(0, 60))
      const body = { from: actor.name, n: ++actor.sent, key, ofKey, pad }
      actor.ofKey.set(key, ofKey)
      publisher.send(body)
    }
  }

  #listen(actor: Actor): void {
    const { int, is, pick } = this.#chance
    const key = is(0.3) ? pick(KEYS) : undefined
    const forMs = is(0.6) ? 0 : int(1, 60)
    const overflow = pick(OVERFLOWS)
    const options = forMs === 0 ? {} : { overflow, capacity: int(1, 8), concurrency: int(1, 2) }
    const ear = new Listening(`${actor.name}/${key ?? 'all'}/${overflow}`, this.#ledger, key)
    actor.listening.push({ ear, forMs })
    void ear.begin(this.#world, actor.peer, options, forMs)
  }

  async #weather(actor: Actor, awake: readonly Actor[]): Promise<void> {
    const { int, pick } = this.#chance
    const others = awake.filter((other) => other !== actor)
    const other = others.length > 0 ? pick(others) : undefined
    const kind = int(0, 5)
    if (kind === 0 && awake.length > 1 && this.#count < 6) {
      actor.killed = true
      this.#world.kill(actor.peer)
      await this.#join()
    } else if (kind === 1) this.#standStill(actor, int(100, 5_000))
    else if (kind === 2 && other) this.#world.cut(actor.peer, other.peer)
    else if (kind === 3 && other) this.#world.part([actor.peer], [other.peer])
    else if (kind === 4 && other) this.#world.mute(actor.peer, other.peer)
    else this.#world.heal()
  }

  #standStill(actor: Actor, forMs: number): void {
    actor.stopped = true
    this.#world.stop(actor.peer)
    const atMs = this.#world.nowMs
    void this.#world.advance(forMs).then(() => {
      actor.stoodMs += this.#world.nowMs - atMs
      actor.stopped = false
      this.#world.resume(actor.peer)
    })
  }

  async #peace(): Promise<void> {
    this.#world.heal()
    for (const one of this.#actors) {
      for (const other of this.#actors) {
        if (one !== other) this.#world.between(one.peer, other.peer, { cutRate: 0, dropRate: 0 })
      }
    }
    await this.#world.advance(PEACE_MS)
  }

  async #judge(): Promise<void> {
    const ledger = this.#ledger
    const dead = new Set(this.#actors.filter(({ killed }) => killed).map(({ name }) => name))
    const stood = new Map(this.#actors.map(({ name, stoodMs }) => [name, stoodMs]))
    ledger.judge(dead, (by) => stood.get(by) ?? 0)
    const alive = this.#actors.filter(({ killed }) => !killed)
    for (const actor of alive) {
      this.#judgeRest(actor, alive.length)
      for (const { ear, forMs } of actor.listening) {
        ear.judge()
        for (const { name, sent, ofKey } of alive) {
          if (name !== actor.name)
            ear.settle(name, ear.key ? (ofKey.get(ear.key) ?? 0) : sent, forMs)
        }
      }
    }
    const running = [...this.#streams].filter((id) => {
      const by = ledger.operations.get(id)?.by ?? ''
      return !dead.has(by)
    })
    if (dead.size === 0 && running.length > 0) ledger.broken(`streams ${running} go on for nobody`)
    await Promise.all(alive.map((actor) => this.#servedAgain(actor, alive.length)))
  }

  /** What a storm has left behind at a peer that lives. */
  #judgeRest({ name, peer }: Actor, living: number): void {
    const { pendingRequests, runningHandlers, openStreams, waitingBytes, counters } = peer.stats()
    const left = { pendingRequests, runningHandlers, openStreams, waitingBytes }
    for (const [what, count] of Object.entries(left)) {
      if (count !== 0) this.#ledger.broken(`${name} has ${what} ${count} left`)
    }
    const known = peer.peers().length
    if (known !== living - 1) this.#ledger.broken(`${name} knows ${known} of ${living - 1} peers`)
    if (this.#calm && counters.badFrames + counters.eventsMissed + counters.peersDown > 0) {
      const { badFrames, eventsMissed, peersDown } = counters
      const text = JSON.stringify({ badFrames, eventsMissed, peersDown })
      if (this.#limits.maxOutletFrames === undefined) {
        this.#ledger.broken(`${name} has had trouble in calm weather: ${text}`)
      }
    }
  }

  async #servedAgain({ name, peer }: Actor, living: number): Promise<void> {
    if (living < 2) return
    const operation = this.#ledger.begin('again', name, 2_005, true)
    const body = { id: operation.id, forMs: 0, fails: false, pad: '' }
    try {
      await peer.client(Storm).again(body)
    } catch (error) {
      this.#ledger.broken(`${name} is served by nobody after the storm: ${String(error)}`)
    }
    this.#ledger.end(operation, {})
  }

  async #close(): Promise<void> {
    const atMs = this.#world.nowMs
    await this.#world.close()
    const tookMs = this.#world.nowMs - atMs
    if (tookMs > 1_000) this.#ledger.broken(`to close all took ${tookMs} ms`)
    await this.#world.advance(60_000)
    const { pending } = this.#world
    if (pending > 0) this.#ledger.broken(`${pending} timers are set in a world without peers`)
  }

  #report(): StormReport {
    const outcomes: Record<string, number> = {}
    for (const { kind, outcome } of this.#ledger.operations.values()) {
      const what = `${kind} ${outcome?.code ?? outcome?.became ?? 'open'}`
      outcomes[what] = (outcomes[what] ?? 0) + 1
    }
    const heard = this.#actors
      .flatMap(({ listening }) => listening)
      .reduce((sum, { ear }) => sum + ear.count, 0)
    const { problems } = this.#ledger
    const operations = this.#ledger.operations.size
    return { seed: this.#seed, problems, operations, outcomes, heard, trace: this.#world.trace }
  }
}
