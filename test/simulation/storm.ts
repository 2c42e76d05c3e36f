// Owns one storm: a small mesh, made by a seed, in which all kinds of things are asked while peers
// are killed, stopped, cut off and slow; then peace, and the judgement.

import { defaultLimits, type Peer, type Verdict } from 'earshot'
import { createWorld, type World } from 'earshot/testing'
import { type Chance, createChance } from '../../src/testing/chance.ts'
import { Asking } from './asking.ts'
import { Storm, type Tick } from './contract.ts'
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
  /** Killed, or closed as one should. */
  gone: 'killed' | 'closed' | undefined
  stopped: boolean
  /** How long it stood still, in all. */
  stoodMs: number
}

type Reached = Exclude<Verdict, { readonly became: 'dropped' }>

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
/** The largest message of a storm, with its heads. */
const MESSAGE_BYTES = 41_000

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
  /** Of calm ones, those in which peers leave as one should: then nobody is gone unawares. */
  readonly #orderly: boolean
  /** Large messages, and many of them. */
  readonly #heavy: boolean
  #count = 0

  constructor(seed: number, trace: boolean) {
    this.#seed = seed
    const chance = createChance(seed + 2 ** 41)
    this.#chance = chance
    this.#calm = chance.is(0.2)
    this.#orderly = this.#calm && chance.is(0.5)
    this.#heavy = chance.is(0.08)
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
    this.#limits =
      this.#heavy || chance.is(0.5)
        ? {}
        : { creditBytes: 8_192, maxOutboundBytes: 8_192, maxFrameBytes: 2_048, maxOutletFrames: 16 }
  }

  async run(): Promise<StormReport> {
    const { int, is } = this.#chance
    await this.#world.run(async () => {
      for (let count = int(2, 4); count > 0; count--) await this.#join()
      for (let turn = int(30, 70); turn > 0; turn--) {
        await this.#turn()
        this.#judgeMemory()
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
    const { is, int } = this.#chance
    const longest = this.#heavy ? 40_000 : 3_000
    const asking = new Asking(this.#world, peer, name, this.#ledger, this.#chance, longest)
    const begun = { listening: [], sent: 0, ofKey: new Map(), stoodMs: 0 }
    this.#actors.push({ name, peer, asking, ...begun, gone: undefined, stopped: false })
    const options = {
      ...(is(0.2) && { concurrency: int(1, 8) }),
      ...(is(0.1) && { rateLimit: { perSecond: 200, burst: 20 } }),
    }
    await serveAll(this.#world, this.#ledger, peer, name, this.#streams, options)
  }

  async #turn(): Promise<void> {
    const { int, is, pick } = this.#chance
    const awake = this.#actors.filter(({ gone, stopped }) => !gone && !stopped)
    if (awake.length === 0) return
    const actor = pick(awake)
    const what = int(0, 99)
    if (what < 60) for (let count = is(0.1) ? int(5, 30) : 1; count > 0; count--) actor.asking.any()
    else if (what < 80) this.#publish(actor, is(0.2) ? int(10, 60) : 1)
    else if (what < 88) this.#listen(actor)
    else if (!this.#calm) await this.#weather(actor, awake)
    else if (this.#orderly && awake.length > 2 && this.#count < 6 && this.#isKnown(actor))
      await this.#replace(actor)
  }

  async #replace(actor: Actor): Promise<void> {
    actor.gone = 'closed'
    this.#leave(actor)
    await this.#join()
  }

  #publish(actor: Actor, count: number): void {
    const { is, pick } = this.#chance
    const publisher = actor.peer.publisher(Storm.tick)
    for (let left = count; left > 0; left--) {
      const key = pick(KEYS)
      const ofKey = (actor.ofKey.get(key) ?? 0) + 1
      const n = ++actor.sent
      actor.ofKey.set(key, ofKey)
      const body = { from: actor.name, n, key, ofKey, pad: actor.asking.pad(n) }
      if (is(0.9)) publisher.send(body)
      else void this.#publishAsking(actor, body)
    }
  }

  async #publishAsking({ name, peer }: Actor, body: Tick): Promise<void> {
    const { int, pick } = this.#chance
    const until = pick(['written', 'received', 'handled'] as const)
    const timeoutMs = int(10, 1_000)
    const operation = this.#ledger.begin('tick', name, timeoutMs + 5, false)
    const verdict = await peer.publish(Storm.tick, body, { until, timeoutMs })
    const { listeners = 0, silent = 0, refused = 0 } = verdict as Partial<Reached>
    if (Math.min(listeners, silent, refused) < 0) {
      this.#ledger.broken(`tick ${body.n} by ${name} became ${JSON.stringify(verdict)}`)
    }
    this.#ledger.end(operation, { became: `tick ${verdict.became}` })
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
    const kind = int(0, 6)
    if (kind === 0 && awake.length > 1 && this.#count < 6) {
      actor.gone = 'killed'
      this.#world.kill(actor.peer)
      await this.#join()
    } else if (kind === 6 && awake.length > 1 && this.#count < 6) {
      await this.#replace(actor)
    } else if (kind === 1) this.#standStill(actor, int(100, 5_000))
    else if (kind === 2 && other) this.#world.cut(actor.peer, other.peer)
    else if (kind === 3 && other) this.#world.part([actor.peer], [other.peer])
    else if (kind === 4 && other) this.#world.mute(actor.peer, other.peer)
    else this.#world.heal()
  }

  /** What it has asked itself ends with it; what others ask is finished, or never begun. */
  /**
   * Who leaves while its first hellos are under way says goodbye to nobody: others may have it for
   * a moment, and lose what they asked of it.
   */
  #isKnown({ peer }: Actor): boolean {
    return peer.peers().length === this.#actors.filter(({ gone }) => !gone).length - 1
  }

  #leave({ name, peer }: Actor): void {
    const atMs = this.#world.nowMs
    void peer.close().then(() => {
      const tookMs = this.#world.nowMs - atMs
      const mostMs = defaultLimits.drainTimeoutMs + 100
      if (tookMs > mostMs) this.#ledger.broken(`${name} took ${tookMs} ms to close`)
    })
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

  /** Whatever happens: what waits has a bound. */
  #judgeMemory(): void {
    for (const { name, peer, gone } of this.#actors) {
      if (gone) continue
      const { limits, links } = peer.stats()
      const most = limits.maxOutboundBytes + limits.maxFrameBytes + MESSAGE_BYTES
      for (const { waitingBytes } of links) {
        if (waitingBytes > most) this.#ledger.broken(`${name} lets ${waitingBytes} bytes wait`)
      }
    }
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
    const dead = new Set(
      this.#actors.filter(({ gone }) => gone === 'killed').map(({ name }) => name),
    )
    const stood = new Map(this.#actors.map(({ name, stoodMs }) => [name, stoodMs]))
    ledger.judge(dead, (by) => stood.get(by) ?? 0)
    if (this.#calm) this.#judgeGoing()
    const alive = this.#actors.filter(({ gone }) => !gone)
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
    const { badFrames, eventsMissed, peersDown } = counters
    const isRoomy = this.#limits.maxOutletFrames === undefined
    if (!this.#calm || badFrames + (isRoomy ? eventsMissed : 0) === 0) return
    const text = JSON.stringify({ badFrames, eventsMissed, peersDown })
    this.#ledger.broken(`${name} has had trouble in calm weather: ${text}`)
  }

  /** In calm weather who leaves has finished what it was asked. */
  #judgeGoing(): void {
    const gone = new Set(this.#actors.filter((actor) => actor.gone).map(({ name }) => name))
    for (const operation of this.#ledger.operations.values()) {
      const { id, kind, by, outcome } = operation
      if (outcome?.code !== 'EARSHOT_PEER_GONE' || gone.has(by)) continue
      // A stream may go on for longer than who leaves has time to drain.
      if (kind === 'count' || kind === 'echo') continue
      this.#ledger.broken(`${kind} ${id} by ${by} in calm weather: ${outcome.message}`)
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
