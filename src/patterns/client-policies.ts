// Owns the policies of all clients of a peer: one set for clients that say nothing, one for each
// that does.
// Never keeps those of a client that nobody holds any more.

import { checkNames, isObject } from '../base/arguments.ts'
import type { Channel } from '../contract/channel.ts'
import type { MeshParts } from '../mesh/mesh.ts'
import type { BreakerState } from '../resilience/breaker.ts'
import { Bulkhead } from '../resilience/bulkhead.ts'
import { RetryBudget } from '../resilience/retry-budget.ts'
import { CallPolicy, type ClientParts } from './call-policy.ts'
import {
  channelNames,
  invalid,
  type PolicyOptions,
  resolveClient,
  resolvePolicy,
} from './policy-options.ts'

/** One breaker as it is now, with a hand on it. */
export interface BreakerView {
  readonly channel: string
  readonly peer: { readonly id: string; readonly name: string }
  readonly state: BreakerState
  /**
   * Open or closed, whatever happens, until it is forced to `undefined`.
   * @throws EARSHOT_OPTION_INVALID
   */
  force(state: 'open' | 'closed' | undefined): void
}

/** What a client says, with the settings of its channels by name. */
export interface WithChannels extends PolicyOptions {
  readonly channels?: Readonly<Record<string, PolicyOptions | undefined>>
}

/** A client that says none of these shares what the others of its contract have. */
const policyNames = [
  'retry',
  'breaker',
  'bulkhead',
  'hedge',
  'fallback',
  'onFallback',
  'channels',
] as const

/** From so many on, those that nobody holds are looked for, and again at twice as many. */
const FIRST_LOOK = 64

/** The policies of one client, a channel at a time. */
export class ClientPolicies {
  readonly #options: WithChannels
  readonly #mesh: MeshParts
  readonly #parts: ClientParts
  readonly #channels = new Map<string, CallPolicy>()
  readonly #made: (policy: CallPolicy) => void

  /** @param made is told of each channel's policy */
  constructor(
    options: WithChannels,
    contract: string,
    mesh: MeshParts,
    made: (policy: CallPolicy) => void,
  ) {
    const { budget, perClient } = resolveClient(options, mesh.limits)
    const { clock, random, counters } = mesh
    this.#options = options
    this.#mesh = mesh
    this.#made = made
    const bulkhead = new Bulkhead(perClient, `a client of ${contract}`)
    this.#parts = { clock, random, counters, budget: new RetryBudget(budget), bulkhead }
  }

  of({ key, name, idempotent = false }: Channel): CallPolicy {
    const known = this.#channels.get(key)
    if (known) return known
    const own = this.#options.channels?.[name]
    const path = own === undefined ? '' : `/channels/${name}`
    const { limits } = this.#mesh
    const settings = resolvePolicy(this.#options, own ?? {}, idempotent, path, limits)
    const policy = new CallPolicy(key, idempotent, settings, this.#parts)
    this.#channels.set(key, policy)
    this.#made(policy)
    return policy
  }
}

export class Policies {
  readonly #mesh: MeshParts
  /** Of clients that say nothing of their own, by contract and major version. */
  readonly #plain = new Map<string, ClientPolicies>()
  /** All there are, held by the methods of their clients. */
  #all: WeakRef<CallPolicy>[] = []
  #lookAgainAt = FIRST_LOOK

  constructor(mesh: MeshParts) {
    this.#mesh = mesh
  }

  /** @throws EARSHOT_OPTION_INVALID for settings of a channel that the contract does not have */
  of(
    options: WithChannels,
    contract: { readonly name: string; readonly major: number },
    channels: readonly Channel[],
  ): ClientPolicies {
    for (const [name, own = {}] of Object.entries(options.channels ?? {})) {
      const path = `/channels/${name}`
      const kind = channels.find((channel) => channel.name === name)?.kind
      if (kind === undefined || kind === 'event') {
        const what = kind === undefined ? 'channel' : 'channel for clients called'
        throw invalid(path, `contract ${contract.name} has no ${what} "${name}"`)
      }
      if (isObject(own)) checkNames(own, channelNames(kind), path)
    }
    const id = `${contract.name}/${contract.major}`
    if (policyNames.some((name) => options[name] !== undefined)) {
      return new ClientPolicies(options, id, this.#mesh, (policy) => this.#keep(policy))
    }
    const shared =
      this.#plain.get(id) ?? new ClientPolicies({}, id, this.#mesh, (policy) => this.#keep(policy))
    this.#plain.set(id, shared)
    return shared
  }

  breakers(): BreakerView[] {
    return this.#all.flatMap((one) => {
      const policy = one.deref()
      return policy === undefined ? [] : [...viewsOf(policy)]
    })
  }

  #keep(policy: CallPolicy): void {
    if (this.#all.length >= this.#lookAgainAt) {
      this.#all = this.#all.filter((one) => one.deref() !== undefined)
      this.#lookAgainAt = Math.max(FIRST_LOOK, this.#all.length * 2)
    }
    this.#all.push(new WeakRef(policy))
  }
}

function* viewsOf(policy: CallPolicy): Generator<BreakerView> {
  for (const { breaker, remote } of policy.guards()) {
    if (breaker === undefined) continue
    const force: BreakerView['force'] = (state) => {
      const isState = state === undefined || state === 'open' || state === 'closed'
      if (!isState) throw invalid('/state', `a breaker is forced 'open', 'closed' or undefined`)
      breaker.force(state)
    }
    yield { channel: policy.key, peer: remote.label, state: breaker.state, force }
  }
}
