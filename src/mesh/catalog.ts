// Owns what this peer knows and offers: contracts by name and version, channels by key and number.
// Never talks: membership tells the others when it changes.

import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { type CodecName, codecNames } from '../codec/codec.ts'
import { Resolvers } from '../codec/resolve.ts'
import type { Channel } from '../contract/channel.ts'
import type { AnyContract } from '../contract/contract.ts'
import type { Shape } from '../contract/shape.ts'
import type { ChannelTypes } from '../contract/shared-codecs.ts'
import type { ContractOffer } from '../wire/hello.ts'
import { codecsFor, LocalChannel, type Spoken } from './local-channel.ts'
import type { Remote } from './remote.ts'
import { type NumberedChannel, WrittenChannel } from './written-channel.ts'

/** A number for those who write a channel of ours in another version. */
interface Writer {
  readonly number: number
  /** Remote peers that were told the number: while one is up it stays. */
  readonly holders: Set<Remote>
}

export class Catalog {
  readonly spoken: Spoken
  /** Counts the changes of what is offered. */
  revision = 0
  /** Readers of other versions, shared by all channels. */
  readonly resolvers: Resolvers
  readonly #limits: Limits
  readonly #byLink: (channel: Channel) => boolean
  /** Any number of versions of a contract may be known, to call and to hear. */
  readonly #contracts = new Map<string, AnyContract>()
  /** By name and major: others find a channel by these, so that there is one of each. */
  readonly #offered = new Map<string, AnyContract>()
  /** As `#offered`; those of weight 1 are not in it. */
  readonly #weights = new Map<string, number>()
  readonly #locals = new Map<string, LocalChannel>()
  readonly #byChannel = new WeakMap<Channel, LocalChannel>()
  readonly #types = new Map<string, ChannelTypes>()
  readonly #byNumber: (NumberedChannel | undefined)[] = [undefined]
  readonly #writers = new Map<string, Writer>()
  readonly #freeNumbers: number[] = []

  /** @param byLink whether an event is heard by links alone */
  constructor(spoken: Spoken, limits: Limits, byLink: (channel: Channel) => boolean = () => false) {
    this.spoken = spoken
    this.#byLink = byLink
    this.resolvers = new Resolvers(limits)
    this.#limits = limits
  }

  /** Makes a contract known. @throws EARSHOT_OVERLOADED */
  learn(contract: AnyContract): void {
    const key = `${contract.name}/${contract.version}/${contract.id}`
    if (this.#contracts.has(key)) return
    if (this.#contracts.size >= this.#limits.maxContracts) {
      const text = `this peer knows ${this.#contracts.size} contracts already (maxContracts)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    this.#contracts.set(key, contract)
    for (const channel of contract.channels) this.#types.set(channel.id, channel)
  }

  /** The channel as we use it; compiled parts are shared by all who use it. */
  channel(channel: Channel): LocalChannel {
    const known = this.#byChannel.get(channel)
    if (known) return known
    const name = nameOf(channel)
    const local = this.#locals.get(name) ?? new LocalChannel(channel, this.spoken, this.#limits)
    this.#locals.set(name, local)
    this.#byChannel.set(channel, local)
    this.#types.set(channel.id, channel)
    return local
  }

  /** All channels that somebody here has used. */
  locals(): Iterable<LocalChannel> {
    return this.#locals.values()
  }

  /** Others have lost so many events of ours, by the key of their channel. */
  missedThere(key: string, count: number): void {
    for (const { channel, counts } of this.#locals.values()) {
      if (channel.key !== key || counts.sent === 0) continue
      counts.missedThere += count
      return
    }
  }

  /** The types of a channel of ours by its id. */
  typesOf(id: string): ChannelTypes | undefined {
    return this.#types.get(id)
  }

  /** Gives a channel the number that others send to; it keeps it for good. */
  serve(local: LocalChannel): void {
    local.served = true
    if (local.number > 0) return
    local.number = this.#numberFor(local)
  }

  /** The channel is no longer served here. */
  withdraw(local: LocalChannel): void {
    local.served = false
  }

  byNumber(number: number): NumberedChannel | undefined {
    return this.#byNumber[number]
  }

  /**
   * The number for those who write `local` in the shape of `id`, kept while one of them is up.
   * @throws EARSHOT_OVERLOADED, EARSHOT_CODE_FORBIDDEN
   */
  numberForWriter(
    local: LocalChannel,
    id: string,
    writer: { readonly shape: Shape; readonly codecs: readonly CodecName[] },
    holder: Remote,
  ): number {
    const key = `${local.number}/${id}/${writer.codecs}`
    let known = this.#writers.get(key)
    if (!known) {
      if (this.#writers.size >= this.#limits.maxSchemas) {
        const text = `${this.#writers.size} other versions are read already (maxSchemas)`
        throw new EarshotError('EARSHOT_OVERLOADED', text)
      }
      const channel = new WrittenChannel(local, writer.shape, writer.codecs, this.resolvers)
      // A process that forbids code says so now, not at the first message.
      channel.body(codecNames.indexOf(writer.codecs[0] as CodecName))
      known = { number: this.#numberFor(channel), holders: new Set() }
      this.#writers.set(key, known)
    }
    known.holders.add(holder)
    return known.number
  }

  /** A remote peer is down: numbers that only it was told are free. */
  release(remote: Remote): void {
    for (const [key, { number, holders }] of this.#writers) {
      if (!holders.delete(remote) || holders.size > 0) continue
      this.#writers.delete(key)
      this.#byNumber[number] = undefined
      this.#freeNumbers.push(number)
    }
  }

  /**
   * May the others be told of this contract?
   * @throws EARSHOT_CONTRACT_CLASH when another one of the same name and major version is offered
   */
  checkOffer(contract: AnyContract): void {
    const known = this.#offered.get(offerKey(contract))
    if (!known || known === contract || isSame(known, contract)) return
    const versions = `${known.version} and ${contract.version}`
    const text = `contract ${contract.name} is served or published twice with different channels`
    throw new EarshotError('EARSHOT_CONTRACT_CLASH', `${text} (${versions})`)
  }

  /** From now on the others are told of it. True when that is new. @throws as checkOffer */
  offer(contract: AnyContract): boolean {
    this.checkOffer(contract)
    const key = offerKey(contract)
    if (this.#offered.has(key)) return false
    this.#offered.set(key, contract)
    return true
  }

  /** Others give us that share of their calls. */
  weigh(contract: AnyContract, weight: number): void {
    if (weight === 1) this.#weights.delete(offerKey(contract))
    else this.#weights.set(offerKey(contract), weight)
  }

  /** The channel of that key that the others are told of. */
  offeredChannel(key: string): LocalChannel | undefined {
    const contract = this.#offered.get(key.slice(0, key.lastIndexOf('/')))
    const channel = contract?.channels.find((one) => one.key === key)
    return channel && this.channel(channel)
  }

  contracts(): AnyContract[] {
    return [...this.#contracts.values()]
  }

  /** What is told to others: contracts that we serve or publish. */
  offers(): ContractOffer[] {
    return [...this.#offered].map(([key, { name, version, channels }]) => ({
      name,
      version,
      ...(this.#weights.has(key) && { weight: this.#weights.get(key) as number }),
      channels: channels.map((channel) => ({
        name: channel.name,
        kind: channel.kind,
        number: this.#numberOf(channel),
        codecs: codecsFor(channel, this.spoken),
        ...(channel.kind === 'event' && this.#byLink(channel) && { byLink: true as const }),
        id: channel.id,
      })),
    }))
  }

  #numberOf(channel: Channel): number {
    const local = this.#locals.get(nameOf(channel))
    return local?.served ? local.number : 0
  }

  #numberFor(channel: NumberedChannel): number {
    const number = this.#freeNumbers.pop() ?? this.#byNumber.length
    this.#byNumber[number] = channel
    return number
  }
}

function isSame(known: AnyContract, contract: AnyContract): boolean {
  const names = ({ channels }: AnyContract) => channels.map(nameOf).join('\n')
  return names(known) === names(contract)
}

/** Equal for channels that are the same in all that matters here; versions may differ. */
function nameOf({ key, id, codecs, keyField }: Channel): string {
  return JSON.stringify([key, id, codecs, keyField])
}

function offerKey({ name, major }: AnyContract): string {
  return `${name}/${major}`
}
