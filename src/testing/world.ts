// Owns a world in one process: peers on a simulated network, in a time that moves only when told.
// Never reads the machine's clock or its chance: the same seed brings the same world.

import { checkArgument, checkList, checkOptions } from '../base/arguments.ts'
import { deferred } from '../base/deferred.ts'
import { EarshotError } from '../base/errors.ts'
import { defaultLimits } from '../base/limits.ts'
import type { Channel } from '../contract/channel.ts'
import type { AnyContract } from '../contract/contract.ts'
import { checkContract } from '../contract/given.ts'
import { createPeerOn } from '../peer.ts'
import type { Peer, PeerOptions } from '../peer-types.ts'
import { type Chance, createChance } from './chance.ts'
import type { LinkConditions } from './conditions.ts'
import { type Failing, type FailRule, Failures } from './failing.ts'
import { LentGlobals } from './lent-globals.ts'
import { type MockBehaviour, type MockPeer, mockName, mockPeer } from './mock-peer.ts'
import { SimulatedNetwork } from './network.ts'
import { SimulatedProcess } from './process.ts'
import { isTime, Schedule, settle } from './schedule.ts'
import { DiscoveryBoard } from './simulated-discovery.ts'
import { SimulatedTransport } from './simulated-transport.ts'

/** What only a real network has. */
const notHere = ['listen', 'security', 'allow', 'discovery', 'directory'] as const

/** As of `createPeer`, without what only a real network has. */
export type WorldPeerOptions = Omit<PeerOptions, (typeof notHere)[number]>

export type WorldMockOptions<C> = Partial<WorldPeerOptions> & MockBehaviour<C>

export interface WorldOptions {
  /** What chance comes from: the same seed, the same world. A whole number from 0. Default 1. */
  readonly seed?: number
  /** True: `trace` has a line for all that happens in the network. Default false. */
  readonly trace?: boolean
  /**
   * True: while time moves, timers, `Date`, `performance.now`, `AbortSignal.timeout` and
   * `Math.random` of all code of this process are the world's, so that services which wait and
   * look at the time can be tested as they are; in one world at a time. Default false.
   */
  readonly globals?: boolean
  /** Between all peers, unless `between` says otherwise. */
  readonly conditions?: Partial<LinkConditions>
}

export interface World {
  readonly seed: number
  /** ms since the world began. */
  readonly nowMs: number
  /** What happened in the network, a line each; the same seed, the same lines. */
  readonly trace: readonly string[]
  /** Timers that are set: none once all peers are closed and time has moved on. */
  readonly pending: number
  /** Chance for the test's own choices, from the seed, apart from the world's. 0 up to 1. */
  random(): number

  /**
   * A peer like any other; it lives in this world alone. Time need not move for it.
   * @throws EARSHOT_OPTION_INVALID, also for what only a real network has
   */
  createPeer(options: WorldPeerOptions): Promise<Peer>
  /** A mock of who serves a contract, in this world; its chance is the world's seed. */
  mockPeer<C extends AnyContract>(contract: C, options?: WorldMockOptions<C>): Promise<MockPeer<C>>
  /**
   * Lets calls fail at all who serve a channel here, before their handlers are called.
   * @param channel `shop.orders/place`, `shop.orders/*`, or a channel of a contract
   * @throws EARSHOT_OPTION_INVALID for a rule that is none, and for events, which nobody serves
   */
  fail(channel: string | Channel, rule?: FailRule): Failing
  /**
   * Moves time until `work` is over, and ends as it does. Several at once share the time.
   * @param limitMs of the world's time. Default 600 000
   * @throws EARSHOT_TIMEOUT when it is not over by then
   */
  run<T>(work: Promise<T> | (() => Promise<T>), limitMs?: number): Promise<T>
  /** Moves time by so many ms; inside of `run`, waits for so long. */
  advance(ms: number): Promise<void>

  /** As by SIGKILL: it says nothing more, and what it waits for is never settled. */
  kill(peer: Peer): void
  /** As by SIGSTOP: its event loop stands still until `resume`. */
  stop(peer: Peer): void
  resume(peer: Peer): void
  /** Breaks the connections between two peers; they may dial anew. */
  cut(one: Peer, other: Peer): void
  /** What one sends the other waits on its way, until `heal`: one direction, nobody is told. */
  mute(from: Peer, to: Peer): void
  /** As `mute` in both directions, between each peer of one side and each of the other. */
  part(side: readonly Peer[], other: readonly Peer[]): void
  /** Ends all that `mute` and `part` did. */
  heal(): void
  /** What lies between two peers from now on. */
  between(one: Peer, other: Peer, conditions: Partial<LinkConditions>): void

  /** Heals, and closes all peers that live. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** @throws EARSHOT_OPTION_INVALID for a seed that is none */
export function createWorld(options: WorldOptions = {}): World {
  checkOptions(options, ['seed', 'trace', 'globals', 'conditions'])
  const { seed = 1 } = options
  if (!Number.isSafeInteger(seed) || seed < 0) {
    const text = `option seed is a whole number from 0, not ${String(seed)}`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/seed' })
  }
  return new SimulatedWorld(seed, options)
}

const RUN_LIMIT_MS = 600_000

class SimulatedWorld implements World {
  readonly seed: number
  readonly trace: string[] = []
  readonly #schedule = new Schedule(0)
  readonly #chance: Chance
  readonly #ownChance: Chance
  readonly #network: SimulatedNetwork
  readonly #board: DiscoveryBoard
  readonly #failures: Failures
  readonly #processes = new Map<Peer, SimulatedProcess>()
  readonly #muted = new Map<string, readonly [string, string]>()
  readonly #note: ((text: string) => void) | undefined
  readonly #lent: LentGlobals | undefined
  #count = 0
  #isRunning = false

  constructor(seed: number, { trace = false, globals = false, conditions }: WorldOptions) {
    this.seed = seed
    this.#chance = createChance(seed)
    this.#ownChance = createChance(seed + 2 ** 40)
    const schedule = this.#schedule
    const clock = {
      nowMs: () => schedule.nowMs,
      after: (delayMs: number, run: () => void) => schedule.at(schedule.nowMs + delayMs, run),
    }
    if (trace) this.#note = (text) => this.#keep(text)
    const parts = { clock, chance: this.#chance, note: this.#note, conditions: conditions ?? {} }
    this.#network = new SimulatedNetwork(parts)
    this.#board = new DiscoveryBoard(clock, this.#chance)
    this.#failures = new Failures(this.#chance, this.#note)
    if (globals) {
      const test = new SimulatedProcess('the test', 'nowhere', schedule)
      this.#lent = new LentGlobals(test.clock, () => this.random())
    }
  }

  get nowMs(): number {
    return this.#schedule.nowMs
  }

  get pending(): number {
    return this.#schedule.pending
  }

  random(): number {
    return this.#ownChance.next()
  }

  async createPeer(options: WorldPeerOptions): Promise<Peer> {
    for (const name of notHere) {
      if ((options as PeerOptions | undefined)?.[name] === undefined) continue
      const text = `a world has no "${name}": its peers find each other, and all are let in`
      throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: `/${name}` })
    }
    const number = ++this.#count
    const host = `10.0.${number >> 8}.${number & 255}`
    const process = new SimulatedProcess(`${options.name}#${number}`, host, this.#schedule)
    const inside = { ...options, discovery: [this.#board.provider()] }
    const peer = await createPeerOn(inside, async () => ({
      clock: process.clock,
      random: () => this.#chance.next(),
      newId: () => this.#chance.hex(32),
      host: process.name,
      pid: number,
      folder: undefined,
      pulses: () => undefined,
      trust: undefined,
      transport: async (limits) => new SimulatedTransport(this.#network, process, limits),
    }))
    this.#processes.set(peer, process)
    const serve = peer.serve.bind(peer)
    peer.serve = (contract, handlers, serving = {}) =>
      serve(contract, handlers, this.#failures.within(serving, peer, process))
    const close = peer.close.bind(peer)
    // Who is dead closes nothing, and keeps nobody waiting.
    peer.close = () => (process.killed ? Promise.resolve() : close())
    return peer
  }

  async mockPeer<C extends AnyContract>(
    contract: C,
    options: WorldMockOptions<C> = {},
  ): Promise<MockPeer<C>> {
    checkContract(contract)
    checkOptions(options)
    const { answers, items, seed = this.seed, ...given } = options
    const peer = await this.createPeer({ name: mockName(contract), ...given })
    return mockPeer(contract, { peer, seed, ...(answers && { answers }), ...(items && { items }) })
  }

  fail(channel: string | Channel, rule: FailRule = {}): Failing {
    return this.#failures.add(channel, rule)
  }

  async run<T>(work: Promise<T> | (() => Promise<T>), limitMs: number = RUN_LIMIT_MS): Promise<T> {
    const isWork = typeof work === 'function' || typeof Object(work).then === 'function'
    checkArgument(isWork, '/work', 'a promise, or a function that gives one', work)
    checkArgument(limitMs > 0, '/limitMs', 'a number of ms above 0', limitMs)
    if (this.#isRunning) return typeof work === 'function' ? work() : work
    this.#lent?.lend()
    this.#isRunning = true
    try {
      const begun = Promise.resolve(typeof work === 'function' ? work() : work)
      return await this.#move(begun, this.nowMs + limitMs)
    } finally {
      this.#lent?.takeBack()
      this.#isRunning = false
    }
  }

  async advance(ms: number): Promise<void> {
    checkArgument(isTime(ms), '/ms', 'a number of ms from 0', ms)
    const { promise, resolve } = deferred()
    this.#schedule.at(this.nowMs + ms, resolve)
    return this.run(promise, Math.max(ms, Number.MIN_VALUE))
  }

  kill(peer: Peer): void {
    const process = this.#of(peer)
    if (process.killed) return
    this.#note?.(`${process.name} is killed`)
    process.kill()
    this.#network.died(process)
    this.#board.expire(peer.id)
  }

  stop(peer: Peer): void {
    this.#note?.(`${this.#of(peer).name} is stopped`)
    this.#of(peer).stop()
  }

  resume(peer: Peer): void {
    this.#note?.(`${this.#of(peer).name} goes on`)
    this.#of(peer).resume()
  }

  cut(one: Peer, other: Peer): void {
    const [from, to] = [this.#of(one), this.#of(other)]
    this.#note?.(`${from.name} and ${to.name} are cut off`)
    this.#network.cut(from.host, to.host)
  }

  mute(from: Peer, to: Peer): void {
    const [one, other] = [this.#of(from), this.#of(to)]
    this.#note?.(`${one.name} is not heard by ${other.name}`)
    const hosts = [one.host, other.host] as const
    this.#muted.set(hosts.join('>'), hosts)
    this.#network.vanish(...hosts, true)
  }

  part(side: readonly Peer[], other: readonly Peer[]): void {
    for (const peers of [side, other]) checkList(peers, '/side', 'a list of peers')
    for (const here of side) {
      for (const there of other) {
        this.mute(here, there)
        this.mute(there, here)
      }
    }
  }

  heal(): void {
    if (this.#muted.size > 0) this.#note?.('all are heard again')
    for (const [from, to] of this.#muted.values()) this.#network.vanish(from, to, false)
    this.#muted.clear()
  }

  between(one: Peer, other: Peer, conditions: Partial<LinkConditions>): void {
    this.#network.setConditions(this.#of(one).host, this.#of(other).host, conditions)
  }

  async close(): Promise<void> {
    this.heal()
    for (const process of this.#processes.values()) process.resume()
    await this.run(() => Promise.all([...this.#processes.keys()].map((peer) => peer.close())))
    this.#processes.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #move<T>(work: Promise<T>, untilMs: number): Promise<T> {
    let isOver = false
    const end = () => {
      isOver = true
    }
    work.then(end, end)
    await settle()
    while (!isOver) {
      const moved = this.#schedule.step(untilMs)
      await settle()
      if (moved || isOver) continue
      const text = `not over at ${untilMs} ms of the world's time (seed ${this.seed})`
      throw new EarshotError('EARSHOT_TIMEOUT', text)
    }
    return work
  }

  #keep(text: string): void {
    if (this.trace.length >= defaultLimits.maxTraceLines) return
    this.trace.push(`${this.nowMs.toFixed(3)} ${text}`)
  }

  #of(peer: Peer): SimulatedProcess {
    const process = this.#processes.get(peer)
    if (process) return process
    const text = `peer "${peer?.name}" is none of this world: world.createPeer makes them`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/peer' })
  }
}
