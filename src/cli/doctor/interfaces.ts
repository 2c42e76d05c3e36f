// Owns what the doctor says of each interface: joined, sent, heard itself, peers, a tunnel.
// Never sends: it reads the counts of a provider that has looked around.

import { type MdnsDiscovery, type MdnsInterface, remedyFor } from 'earshot'
import { countOf } from '../table.ts'
import type { Finding } from './finding.ts'

/** VPNs and other tunnels pass on what is sent to one address, not what is sent to a group. */
const TUNNEL = /^(?:tun|tap|wg|utun|ppp|tailscale|zt|nordlynx|ipsec)/

export function interfaceFindings(provider: MdnsDiscovery): Finding[] {
  const { interfaces, malformed, offLink } = provider.stats()
  const findings = interfaces.map(ofInterface)
  if (interfaces.length === 0) {
    const text = 'mDNS finds no interface to speak on'
    findings.push({ area: 'interface', level: 'bad', text, next: 'ip link set lo up' })
  }
  for (const { name } of interfaces.filter((one) => TUNNEL.test(one.name))) {
    const text = `${name} is a tunnel (VPN): multicast mostly does not pass it`
    const next = 'across it use dns(…), staticPeers([…]) for one peer there, and gossip()'
    findings.push({ area: 'interface', level: 'note', text, next })
  }
  if (malformed + offLink > 0) {
    const text = `${malformed} packets were no sound DNS, ${offLink} came from beyond our networks`
    findings.push({ area: 'interface', level: 'note', text })
  }
  return findings
}

function ofInterface(facts: MdnsInterface): Finding {
  const { name, address, joined, sent, received, heardItself, peers, fault } = facts
  const what = [
    joined ? 'joined' : 'NOT joined',
    `sent ${sent}`,
    heardItself ? 'own packet heard back' : 'own packet NOT heard back',
    `received ${received}`,
    `${countOf(peers, 'peer')} seen`,
  ]
  const text = `${name} ${address}: ${what.join(', ')}${fault && `, ${fault}`}`
  const finding = { area: 'interface', text, facts } as const
  if (fault !== '') return { ...finding, level: 'bad', next: remedyFor(fault) }
  if (!joined) {
    return { ...finding, level: 'bad', next: 'another program holds UDP port 5353 for itself' }
  }
  if (heardItself) return { ...finding, level: 'ok' }
  const next =
    'a firewall on this host drops it: allow UDP port 5353 to and from 224.0.0.251 and ff02::fb'
  return { ...finding, level: 'bad', next }
}
