// Owns what a user writes for a channel, and which of the channels on offer it means.
// Never asks anybody.

import type { RemotePeer } from 'earshot'
import type { Offered } from './door.ts'
import { wrongUsage } from './failure.ts'

/** `place`, `shop.orders/place` or, for one major version, `shop.orders/1/place`. */
export interface ChannelName {
  readonly text: string
  readonly contract: string | undefined
  readonly major: number | undefined
  readonly channel: string
}

/** One channel that one peer offers. */
export interface Offer {
  readonly remote: RemotePeer
  readonly contract: Offered
  readonly channel: Offered['channels'][number]
}

const FORM = /^(?:([^/\s]+)\/)?(?:(\d{1,9})\/)?([^/\s]+)$/

/** @throws Failure for what can be no channel */
export function parseChannel(text: string): ChannelName {
  const [, contract, major, channel] = FORM.exec(text) ?? []
  if (channel === undefined || (major !== undefined && contract === undefined)) {
    const next = 'write shop.orders/place, or place alone; earshot peers lists what is there'
    throw wrongUsage(`"${text}" is no name of a channel`, next)
  }
  return { text, contract, major: major === undefined ? undefined : Number(major), channel }
}

/** Everything on offer. */
export function offersOf(remotes: readonly RemotePeer[]): Offer[] {
  return remotes.flatMap((remote) =>
    remote.contracts.flatMap((contract) =>
      contract.channels.map((channel) => ({ remote, contract, channel })),
    ),
  )
}

/** Offers of the channel that is meant, the highest major version first. */
export function matching(offers: readonly Offer[], wanted: ChannelName): Offer[] {
  return offers
    .filter(
      ({ contract, channel }) =>
        channel.name === wanted.channel &&
        (wanted.contract === undefined || wanted.contract === contract.name) &&
        (wanted.major === undefined || wanted.major === majorOf(contract)),
    )
    .sort((one, other) => majorOf(other.contract) - majorOf(one.contract))
}

/** `shop.orders/place` */
export function titleOf({ contract, channel }: Offer): string {
  return `${contract.name}/${channel.name}`
}

/** Each once, in order. */
export function titlesOf(offers: readonly Offer[]): string[] {
  return [...new Set(offers.map(titleOf))].sort()
}

function majorOf({ version }: Offered): number {
  return Number.parseInt(version, 10)
}
