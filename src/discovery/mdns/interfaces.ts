// Owns which network interfaces mDNS speaks on, and what counts as their neighbourhood.
// Never opens a socket.

import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { EarshotError } from '../../base/errors.ts'

/** `host`: loopback only. `lan`: every IPv4 interface. Or the IPv4 addresses to speak on. */
export type MdnsScope = 'host' | 'lan' | readonly string[]

export interface NetworkInterface {
  readonly name: string
  readonly address: string
  readonly netmask: string
}

/** @throws EARSHOT_OPTION_INVALID for a scope that cannot be meant. */
export function checkScope(scope: MdnsScope): void {
  const isList = Array.isArray(scope) && scope.length > 0 && scope.every((one) => isIPv4(one))
  if (scope === 'host' || scope === 'lan' || isList) return
  const text = `mdns: scope is 'host', 'lan' or a list of IPv4 addresses, not ${String(scope)}`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/scope' })
}

/** The IPv4 interfaces of the scope that exist at this moment, one per address. */
export function listInterfaces(scope: MdnsScope): NetworkInterface[] {
  const found: NetworkInterface[] = []
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { family, address, netmask, internal } of addresses ?? []) {
      if (family !== 'IPv4' || found.some((one) => one.address === address)) continue
      const isWanted = typeof scope === 'string' ? scope === 'lan' || internal : undefined
      if (isWanted ?? scope.includes(address)) found.push({ name, address, netmask })
    }
  }
  return found
}

/** True when a packet from `source` can only have come from this interface's own network. */
export function isOnLink({ address, netmask }: NetworkInterface, source: string): boolean {
  const mask = toNumber(netmask)
  return (toNumber(address) & mask) === (toNumber(source) & mask)
}

function toNumber(address: string): number {
  let value = 0
  for (const part of address.split('.')) value = (value << 8) | Number(part)
  return value
}
