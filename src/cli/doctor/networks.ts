// Owns on which of our networks a peer is, by the addresses of its doors.
// Never dials: an address of a network of ours may lead nowhere all the same.

import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { RemotePeer } from 'earshot'

/** The names of our interfaces in whose networks it has an address, and the address. */
export function networksOf({ endpoint, doors }: RemotePeer): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const one of [endpoint, ...doors]) {
    const [, host = ''] = /^tcp:\/\/\[?([^\]/]+?)\]?:\d+/.exec(one) ?? []
    const [address = '', zone] = host.split('%')
    const name = zone ?? interfaceFor(address)
    if (name !== undefined && !found.has(name)) found.set(name, host)
  }
  return found
}

function interfaceFor(address: string): string | undefined {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  for (const [name, infos = []] of Object.entries(networkInterfaces())) {
    for (const { cidr, internal } of infos) {
      const [network = '', prefix] = cidr?.split('/') ?? []
      // Every host has a loopback, and every link a fe80::.
      if (internal || network.startsWith('fe80:') || isIPv6(network) !== (family === 'ipv6')) {
        continue
      }
      const subnet = new BlockList()
      subnet.addSubnet(network, Number(prefix), family)
      if (subnet.check(address, family)) return name
    }
  }
  return undefined
}
