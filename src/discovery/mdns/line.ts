// Owns what is known of one interface that mDNS speaks on, in one family: its sockets, its state.
// Never opens or closes them.

import type { Socket } from 'node:dgram'
import type { GroupSocket } from './group-socket.ts'
import type { NetworkInterface } from './interfaces.ts'

export const RETRY_MS = 5_000
/** IPv6 is asked a second after IPv4: opening it must not keep the first answers waiting. */
export const SECOND_FAMILY_MS = 50
/** An IPv6 address is not to be used for a second or two after its interface is up. */
const RETRY6_MS = 1_000

export interface Line {
  network: NetworkInterface
  group: GroupSocket | undefined
  alone: Socket | undefined
  alonePort: number
  /** Sockets of which it is not yet known whether they open. */
  opening: number
  retryAtMs: number
  isUp: boolean
  /** The last fault told, so that it is told once. */
  fault: string
}

export function retryMsOf({ network }: Line): number {
  return network.family === 6 ? RETRY6_MS : RETRY_MS
}

export function newLine(network: NetworkInterface): Line {
  const sockets = { group: undefined, alone: undefined, alonePort: -1, opening: 0 }
  return { network, ...sockets, retryAtMs: 0, isUp: false, fault: '' }
}
