// Owns what this peer knows and serves: contracts by name and major, channels by key and number.
// Never talks: membership tells the others when it changes.

import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { CodecName } from '../codec/codec.ts'
import type { Channel } from '../contract/channel.ts'
import type { AnyContract } from '../contract/contract.ts'
import type { ContractOffer } from '../wire/hello.ts'
import { LocalChannel } from './local-channel.ts'

export class Catalog {
  readonly codecs: readonly CodecName[]
  readonly #limits: Limits
  readonly #contracts = new Map<string, { contract: AnyContract; offered: boolean }>()
  readonly #byKey = new Map<string, LocalChannel>()
  readonly #byNumber: (LocalChannel | undefined)[] = [undefined]

  constructor(codecs: readonly CodecName[], limits: Limits) {
    this.codecs = codecs
    this.#limits = limits
  }

  /**
   * Makes a contract known.
   * @throws EARSHOT_CONTRACT_CLASH for another contract of the same name and major version
   */
  learn(contract: AnyContract): void {
    const key = `${contract.name}/${contract.major}`
    const known = this.#contracts.get(key)
    if (known?.contract.id === contract.id) return
    if (known) {
      const versions = `${known.contract.version} and ${contract.version}`
      const text = `contract ${contract.name} is known twice with different channels (${versions})`
      throw new EarshotError('EARSHOT_CONTRACT_CLASH', text)
    }
    if (this.#contracts.size >= this.#limits.maxContracts) {
      const text = `this peer knows ${this.#contracts.size} contracts already (maxContracts)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    this.#contracts.set(key, { contract, offered: false })
  }

  /** The channel as we use it; compiled parts are shared by all who use it. */
  channel(channel: Channel): LocalChannel {
    const known = this.#byKey.get(channel.key)
    if (known?.channel.id === channel.id) return known
    if (known) {
      const text = `channel ${channel.key} is known with other types (${known.channel.version})`
      throw new EarshotError('EARSHOT_CONTRACT_CLASH', text)
    }
    const local = new LocalChannel(channel, this.codecs, this.#limits)
    this.#byKey.set(channel.key, local)
    return local
  }

  /** All channels that somebody here has used. */
  locals(): Iterable<LocalChannel> {
    return this.#byKey.values()
  }

  /** Others have lost so many events of ours, by the key of their channel. */
  missedThere(key: string, count: number): void {
    const local = this.#byKey.get(key)
    if (local) local.counts.missedThere += count
  }

  /** Gives a channel the number that others send to; it keeps it for good. */
  serve(local: LocalChannel): void {
    local.served = true
    if (local.number > 0) return
    local.number = this.#byNumber.length
    this.#byNumber.push(local)
  }

  /** The channel is no longer served here. */
  withdraw(local: LocalChannel): void {
    local.served = false
  }

  byNumber(number: number): LocalChannel | undefined {
    return this.#byNumber[number]
  }

  /** From now on the others are told of this contract. True when that is new. */
  offer(contract: AnyContract): boolean {
    const known = this.#contracts.get(`${contract.name}/${contract.major}`)
    if (!known || known.offered) return false
    known.offered = true
    return true
  }

  contracts(): AnyContract[] {
    return [...this.#contracts.values()].map(({ contract }) => contract)
  }

  /** What is told to others: contracts that we serve or publish. */
  offers(): ContractOffer[] {
    return [...this.#contracts.values()]
      .filter(({ offered }) => offered)
      .map(({ contract: { name, version, channels } }) => ({
        name,
        version,
        channels: channels.map((channel) => ({
          name: channel.name,
          kind: channel.kind,
          number: this.#numberOf(channel),
          codecs: channel.codecs?.filter((codec) => this.codecs.includes(codec)) ?? this.codecs,
          id: channel.id,
        })),
      }))
  }

  #numberOf(channel: Channel): number {
    const local = this.#byKey.get(channel.key)
    return local?.served ? local.number : 0
  }
}
