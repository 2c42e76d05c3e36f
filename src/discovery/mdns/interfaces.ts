// Owns which network interfaces mDNS speaks on, and what counts as their neighbourhood.
// Never opens a socket.

import { isIP, isIPv4 } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { EarshotError } from '../../base/errors.ts'
import { isLinkLocal6, zoneOf } from './ipv6.ts'

/**
 * `host`: loopback only. `lan`: every interface with an address of a private range, over IPv4 and
 * IPv6. Or the addresses to speak on; link-local IPv6 with its zone, `fe80::1%eth0`.
 */
export type MdnsScope = 'host' | 'lan' | readonly string[]

/** One family on one interface: what mDNS calls a link. */
export interface NetworkInterface {
  readonly name: string
  readonly family: 4 | 6
  /** Unique on this host: IPv4, or link-local IPv6 with its zone. */
  readonly address: string
  readonly netmask: string
  /**
   * Where a peer may listen to be reached over this interface, without zones, this one first. All
   * are told over each, for who flushes a cache must tell all. Source: RFC 6762, 10.2.
   */
  readonly reachable: readonly string[]
}

/** @throws EARSHOT_OPTION_INVALID for a scope that cannot be meant. */
export function checkScope(scope: MdnsScope): void {
  const isList = Array.isArray(scope) && scope.length > 0 && scope.every((one) => isIP(one) > 0)
  if (scope === 'host' || scope === 'lan' || isList) return
  const text = `mdns: scope is 'host', 'lan' or a list of addresses, not ${String(scope)}`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/scope' })
}

/**
 * The interfaces of the scope that exist at this moment: one per IPv4 address, and one per
 * interface for IPv6. Loopback has IPv4 alone: no IPv6 multicast leaves it. It comes last: who is
 * on this host is in the directory, too.
 */
export function listInterfaces(scope: MdnsScope): NetworkInterface[] {
  const found: NetworkInterface[] = []
  const all = Object.entries(networkInterfaces())
  const isLoopback = (infos: readonly NetworkInterfaceInfo[] = []) => infos[0]?.internal === true
  all.sort(([, a], [, b]) => Number(isLoopback(a)) - Number(isLoopback(b)))
  for (const [name, infos = []] of all) {
    if (scope === 'lan' && publicAddressOf(infos) !== undefined) continue
    const v4 = infos.filter((info) => info.family === 'IPv4' && isWanted(scope, info, name))
    const v6 = infos.filter(({ family }) => family === 'IPv6')
    const all6 = v6.map(({ address }) => address)
    const link = v6.find(({ address, internal }) => !internal && isLinkLocal6(address))
    for (const info of v4) {
      const { address, netmask } = info
      if (found.some((one) => one.address === address)) continue
      const others = v4.map((one) => one.address).filter((one) => one !== address)
      found.push({ name, family: 4, address, netmask, reachable: [address, ...others, ...all6] })
    }
    if (!link || !isWanted(scope, link, name)) continue
    const reachable = [...all6, ...v4.map(({ address }) => address)]
    const address = `${link.address}%${name}`
    found.push({ name, family: 6, address, netmask: link.netmask, reachable })
  }
  return found
}

/** True when a packet from `source` can only have come from this interface's own network. */
export function isOnLink(network: NetworkInterface, source: string): boolean {
  const { family, address, netmask } = network
  if (family === 6) return isLinkLocal6(source) && zoneOf(source) === zoneOf(address)
  if (!isIPv4(source)) return false
  const mask = toNumber(netmask)
  return (toNumber(address) & mask) === (toNumber(source) & mask)
}

/** The same place under the same address. */
export function isSame(a: NetworkInterface, b: NetworkInterface): boolean {
  return a.name === b.name && a.netmask === b.netmask
}

/** IPv6 on an interface that has IPv4. */
export function isSecondFamily(one: NetworkInterface, all: readonly NetworkInterface[]): boolean {
  return one.family === 6 && all.some(({ name, family }) => family === 4 && name === one.name)
}

export function isReachedAlike({ reachable }: NetworkInterface, now: NetworkInterface): boolean {
  const isListed = (one: string, index: number) => now.reachable[index] === one
  return reachable.length === now.reachable.length && reachable.every(isListed)
}

function isWanted(scope: MdnsScope, info: NetworkInterfaceInfo, name: string): boolean {
  const { address, internal } = info
  if (scope === 'host') return internal
  return scope === 'lan' || scope.includes(address) || scope.includes(`${address}%${name}`)
}

/**
 * The interfaces that `lan` leaves out, with the address that is the reason: who is on the
 * internet there need not know what runs here.
 */
export function publicInterfaces(): { readonly name: string; readonly address: string }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, infos = []]) => {
    const address = publicAddressOf(infos)
    return address === undefined ? [] : { name, address }
  })
}

function publicAddressOf(infos: readonly NetworkInterfaceInfo[]): string | undefined {
  const isPublic = (info: NetworkInterfaceInfo) =>
    info.family === 'IPv4' && !info.internal && !isPrivate(info.address)
  return infos.find(isPublic)?.address
}

const DOT = 46
const ZERO = 48

/** RFC 1918, 3927, 6598. */
function isPrivate(address: string): boolean {
  const [a = 0, b = 0] = address.split('.').map(Number)
  if (a === 10 || a === 127 || (a === 192 && b === 168) || (a === 169 && b === 254)) return true
  return (a === 172 && b >= 16 && b < 32) || (a === 100 && b >= 64 && b < 128)
}

/** Every packet comes by here, those of other interfaces as well: no text is taken apart. */
function toNumber(address: string): number {
  let value = 0
  let part = 0
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at)
    if (code === DOT) {
      value = (value << 8) | part
      part = 0
    } else part = part * 10 + code - ZERO
  }
  return (value << 8) | part
}
