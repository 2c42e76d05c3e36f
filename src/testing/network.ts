// Owns a network that exists in memory: who listens where, what lies between two hosts, and chance.
// Never reads a frame; every connection keeps the order of what goes through it, as TCP does.

import type { Clock } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'
import type { Chance } from './chance.ts'
import { checkConditions, type LinkConditions, usualConditions } from './conditions.ts'
import { Connection, type Listener, type Medium } from './connection.ts'
import type { SimulatedProcess } from './process.ts'

/** Instants fall together now and then, so that two things are read in one turn. */
const GRAIN_MS = 0.125
const FIRST_PORT = 4_000

export interface NetworkParts {
  readonly clock: Pick<Clock, 'nowMs' | 'after'>
  readonly chance: Chance
  /** Is told of all that happens, in one line each. */
  readonly note: ((text: string) => void) | undefined
  /** Where nothing else is said. */
  readonly conditions: Partial<LinkConditions>
}

export class SimulatedNetwork implements Medium {
  readonly clock: Pick<Clock, 'nowMs' | 'after'>
  readonly chance: Chance
  readonly note: ((text: string) => void) | undefined
  readonly #listeners = new Map<string, Listener>()
  readonly #connections = new Set<Connection>()
  readonly #conditions = new Map<string, LinkConditions>()
  readonly #vanishing = new Set<string>()
  readonly #usual: LinkConditions
  #port = FIRST_PORT

  /** @throws EARSHOT_OPTION_INVALID */
  constructor({ clock, chance, note, conditions }: NetworkParts) {
    checkConditions(conditions)
    this.#usual = { ...usualConditions, ...conditions }
    this.clock = clock
    this.chance = chance
    this.note = note
  }

  /** @throws EARSHOT_ADDRESS_IN_USE */
  listen(host: string, port: number, listener: Listener): string {
    const endpoint = `tcp://${host}:${port === 0 ? this.#port++ : port}`
    if (this.#listeners.has(endpoint)) {
      const text = `cannot listen on ${endpoint}: somebody does`
      throw new EarshotError('EARSHOT_ADDRESS_IN_USE', text, { data: { endpoint } })
    }
    this.#listeners.set(endpoint, listener)
    return endpoint
  }

  unlisten(endpoint: string): void {
    this.#listeners.delete(endpoint)
  }

  listenerAt(endpoint: string): Listener | undefined {
    return this.#listeners.get(endpoint)
  }

  connect(from: SimulatedProcess, endpoint: string): Connection {
    const connection = new Connection(this, from, endpoint)
    this.#connections.add(connection)
    connection.onOver = () => this.#connections.delete(connection)
    this.#hold(connection)
    connection.open()
    return connection
  }

  conditions(one: string, other: string): LinkConditions {
    return this.#conditions.get(pair(one, other)) ?? this.#usual
  }

  /** @throws EARSHOT_OPTION_INVALID */
  setConditions(one: string, other: string, conditions: Partial<LinkConditions>): void {
    checkConditions(conditions)
    this.#conditions.set(pair(one, other), { ...this.conditions(one, other), ...conditions })
  }

  /** When something that leaves now arrives, if nothing is before it. */
  arrival(one: string, other: string): number {
    const { latencyMs, jitterMs } = this.conditions(one, other)
    const delayMs = latencyMs + this.chance.next() * jitterMs
    return this.clock.nowMs() + Math.ceil(delayMs / GRAIN_MS) * GRAIN_MS
  }

  /** Is a frame of events lost on this connection? */
  drops({ hosts: [one, other] }: Connection): boolean {
    return this.chance.is(this.conditions(one, other).dropRate)
  }

  /** What goes from one to the other waits on its way, as in TCP: nobody is told. */
  vanish(from: string, to: string, on: boolean): void {
    if (on) this.#vanishing.add(`${from}>${to}`)
    else this.#vanishing.delete(`${from}>${to}`)
    for (const connection of this.#connections) this.#hold(connection)
  }

  /** Breaks all connections between the two; both sides are told, and may dial anew. */
  cut(one: string, other: string): void {
    for (const connection of [...this.#connections]) {
      if (connection.hosts.includes(one) && connection.hosts.includes(other)) connection.break()
    }
  }

  /** The kernel of a process that was killed hangs up for it. */
  died(process: SimulatedProcess): void {
    for (const connection of [...this.#connections]) connection.died(process)
  }

  #hold(connection: Connection): void {
    connection.hold((from, to) => this.#vanishing.has(`${from}>${to}`))
  }
}

function pair(one: string, other: string): string {
  return one < other ? `${one}|${other}` : `${other}|${one}`
}
