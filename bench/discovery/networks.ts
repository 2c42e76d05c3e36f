// Owns networks for measurements: namespaces on one bridge, or one that has no network at all.
// Never touches the machine's own interfaces; needs root and `ip netns`.

import { execFileSync, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

/** Of multicast DNS, cote and Moleculer. */
const DISCOVERY_PORTS = [5_353, 12_345, 4_445]
const prefix = `eb${process.pid}`
const made = new Set<string>()
let bridges = 0

process.on('exit', () => {
  for (const name of made) spawnSync('ip', ['netns', 'del', name])
})

/** Why networks cannot be made here; undefined where they can. */
export function whyNoNetworks(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const name = `${prefix}try`
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) {
    return 'network namespaces need `ip netns` (iproute2) and the right to use it'
  }
  spawnSync('ip', ['netns', 'del', name])
  if (spawnSync('nft', ['--version']).error) return 'packets are counted by nft (nftables)'
  return undefined
}

export interface Packets {
  /** Of discovery to all: multicast DNS to its group, cote's broadcast, Moleculer's group. */
  readonly toAll: number
  /** Of UDP and TCP to anybody. */
  readonly any: number
}

export interface Network {
  /** Namespaces that a process can be started in. */
  readonly hosts: readonly string[]
  /** The address of each on the bridge. */
  readonly addresses: readonly string[]
  /** What has crossed the bridge so far. */
  packets(): Packets
}

/** Hosts on one bridge, without a default route. */
export async function withBridge<T>(
  count: number,
  run: (network: Network) => Promise<T>,
): Promise<T> {
  const own = `${prefix}b${bridges++}`
  const hub = `${own}hub`
  const hosts = Array.from({ length: count }, (_, index) => `${own}h${index}`)
  const addresses = hosts.map((_, index) => `10.66.0.${index + 1}`)
  try {
    add(hub)
    inside(hub, 'link', 'add', 'bridge', 'type', 'bridge')
    inside(hub, 'link', 'set', 'bridge', 'up')
    countIn(hub)
    for (const [index, host] of hosts.entries()) {
      add(host)
      const port = `port${index}`
      ip('link', 'add', 'eth0', 'netns', host, 'type', 'veth', 'peer', 'name', port, 'netns', hub)
      inside(hub, 'link', 'set', port, 'master', 'bridge', 'up')
      inside(host, 'addr', 'add', `${addresses[index]}/24`, 'dev', 'eth0')
      inside(host, 'link', 'set', 'lo', 'up')
      inside(host, 'link', 'set', 'eth0', 'up')
    }
    await usable(hosts)
    return await run({ hosts, addresses, packets: () => counted(hub) })
  } finally {
    for (const name of [...hosts, hub]) remove(name)
  }
}

/** One host whose interfaces are all down, loopback as well. */
export async function withoutNetwork<T>(run: (host: string) => Promise<T>): Promise<T> {
  const host = `${prefix}alone`
  try {
    add(host)
    return await run(host)
  } finally {
    remove(host)
  }
}

/** The kernel looks for duplicates of a new IPv6 address first, for a second or two. */
async function usable(hosts: readonly string[]): Promise<void> {
  const isTentative = (host: string) =>
    inside(host, '-6', 'addr', 'show', 'dev', 'eth0', 'tentative') !== ''
  while (hosts.some(isTentative)) await sleep(100)
}

function countIn(hub: string): void {
  nft(hub, 'add', 'table', 'bridge', 'bench')
  nft(
    hub,
    'add',
    'chain',
    'bridge',
    'bench',
    'crossing',
    '{ type filter hook prerouting priority 0; }',
  )
  // Broadcast has the bit of a group, too.
  const group = ['ether', 'daddr', '&', '01:00:00:00:00:00', '==', '01:00:00:00:00:00']
  const toAll = [...group, 'udp', 'dport', `{ ${DISCOVERY_PORTS.join(', ')} }`, 'counter']
  nft(hub, 'add', 'rule', 'bridge', 'bench', 'crossing', ...toAll)
  const any = ['meta', 'l4proto', '{ tcp, udp }', 'counter']
  nft(hub, 'add', 'rule', 'bridge', 'bench', 'crossing', ...any)
}

function counted(hub: string): Packets {
  const rules = nft(hub, 'list', 'table', 'bridge', 'bench')
  const [toAll, any] = [...rules.matchAll(/counter packets (\d+)/g)].map(([, count]) =>
    Number(count),
  )
  if (toAll === undefined || any === undefined) throw new Error('nft does not tell its counters')
  return { toAll, any }
}

function nft(name: string, ...args: string[]): string {
  return ip('netns', 'exec', name, 'nft', ...args)
}

function add(name: string): void {
  ip('netns', 'add', name)
  made.add(name)
}

function remove(name: string): void {
  spawnSync('ip', ['netns', 'del', name])
  made.delete(name)
}

function inside(name: string, ...args: string[]): string {
  return ip('-n', name, ...args)
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
