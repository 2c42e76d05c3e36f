// Owns one storm: a small mesh, made by a seed, in which all kinds of things are asked while peers
// are killed, stopped, cut off and slow; then peace, and the judgement.

import { codecNames, defaultLimits, type Peer, type Verdict } from 'earshot'
import { createWorld, type World } from 'earshot/testing'
import { type Chance, createChance } from '../../src/testing/chance.ts'
import { Asking } from './asking.ts'
import { Storm, type Tick } from './contract.ts'
import { Ledger } from './ledger.ts'
import { judgeGoing, judgeMemory, judgeRest, judgeTroubles } from './rest.ts'
import { Listening, serveAll } from './serving.ts'
import { Works } from './works.ts'

interface Actor {
  readonly name: string
  readonly peer: Peer
  readonly asking: Asking
  /** Only where peers have two versions. */
  readonly works: Works | undefined
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
  /** Peers with minor versions side by side, and codecs in whatever order. */
  readonly #mixed: boolean
  #count = 0

  constructor(seed: number, trace: boolean) {
    this.#seed = seed
    const chance = createChance(seed + 2 ** 41)
    this.#chance = chance
    this.#calm = chance.is(0.2)
    this.#orderly = this.#calm && chance.is(0.5)
    this.#heavy = chance.is(0.08)
    this.#mixed = chance.is(0.4)
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
        for (const { peer, gone } of this.#actors) if (!gone) judgeMemory(peer, this.#ledger)
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
    const { is, int, pick } = this.#chance
    const first = pick(codecNames)
    const codecs = [first, ...codecNames.filter((codec) => codec !== first)]
    const peer = await this.#world.createPeer({
      name,
      limits: this.#limits,
      ...(this.#mixed && is(0.5) && { codecs }),
    })
    const longest = this.#heavy ? 40_000 : 3_000
    const parts = [this.#world, peer, name, this.#ledger, this.#chance] as const
    const asking = new Asking(...parts, longest)
    const pad = (id: number) => asking.pad(id)
    const isGone = () => actor.gone !== undefined
    const works = this.#mixed ? new Works(...parts, pad, isGone) : undefined
    const begun = { listening: [], sent: 0, ofKey: new Map(), stoodMs: 0 }
    const now = { gone: undefined, stopped: false }
    const actor: Actor = { name, peer, asking, works, ...begun, ...now }
    this.#actors.push(actor)
    const options = {
      ...(is(0.2) && { concurrency: int(1, 8) }),
      ...(is(0.1) && { rateLimit: { perSecond: 200, burst: 20 } }),
    }
    await serveAll(this.#world, this.#ledger, peer, name, this.#streams, options)
    await works?.serve(options)
  }

  async #turn(): Promise<void> {
    const { int, is, pick } = this.#chance
    const awake = this.#actors.filter(({ gone, stopped }) => !gone && !stopped)
    if (awake.length === 0) return
    const actor = pick(awake)
    const what = int(0, 99)
    if (what < 60) this.#ask(actor, awake, is(0.1) ? int(5, 30) : 1)
    else if (what < 80) this.#publish(actor, is(0.2) ? int(10, 60) : 1)
    else if (what < 88) this.#listen(actor)
    else if (!this.#calm) await this.#weather(actor, awake)
    else if (this.#orderly && awake.length > 2 && this.#count < 6 && this.#isKnown(actor))
      await this.#replace(actor)
  }

  #ask({ asking, works }: Actor, awake: readonly Actor[], count: number): void {
    const others = awake.flatMap((actor) =>
      actor.works && actor.works !== works ? actor.works : [],
    )
    for (let left = count; left > 0; left--) {
      if (works && this.#chance.is(0.6)) works.any(others)
      else asking.any()
    }
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

  /**
   * Who leaves while its first hellos are under way says goodbye to nobody: others may have it for
   * a moment, and lose what they asked of it.
   */
  #isKnown({ peer }: Actor): boolean {
    return peer.peers().length === this.#actors.filter(({ gone }) => !gone).length - 1
  }

  /** What it has asked itself ends with it; what others ask is finished, or never begun. */
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
    if (this.#calm) {
      const gone = this.#actors.flatMap((actor) => (actor.gone ? [actor.name] : []))
      judgeGoing(ledger, new Set(gone))
    }
    const isRoomy = this.#limits.maxOutletFrames === undefined
    const alive = this.#actors.filter(({ gone }) => !gone)
    for (const actor of alive) {
      judgeRest(actor.peer, ledger, alive.length)
      if (this.#calm) judgeTroubles(actor.peer, ledger, isRoomy)
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
