// Owns what the doctor finds out about this host: other responders, rules of the firewall.
// Never changes anything, and is never certain: it reads what this user may read.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { countOf } from '../table.ts'
import type { Finding } from './finding.ts'

const run = promisify(execFile)
const LIMIT_MS = 2_000
const MAX_BYTES = 4_194_304
/** 5353, as the kernel writes it. */
const PORT = ':14E9'

/** @param ports of TCP that peers of this host listen at */
export async function systemFindings(ports: readonly number[]): Promise<Finding[]> {
  return [responderFinding(), await firewallFinding(ports)]
}

/** How many sockets hold port 5353; some of them are ours. */
function responderFinding(): Finding {
  const area = 'system'
  const avahi = existsSync('/run/avahi-daemon/pid')
  const daemon = avahi ? 'Avahi runs and' : 'no Avahi runs;'
  const tables = ['/proc/net/udp', '/proc/net/udp6'].filter((path) => existsSync(path))
  if (tables.length === 0) {
    return { area, level: 'note', text: 'who else holds UDP port 5353 is not told on this system' }
  }
  const holders = tables.flatMap(holdersIn)
  const users = [...new Set(holders)].join(', ')
  const whose = holders.length > 0 ? `, ours with them, of user ids ${users}` : ''
  const text = `${daemon} ${countOf(holders.length, 'socket')} on UDP port 5353${whose}`
  return { area, level: 'ok', text, facts: { avahi, sockets: holders.length } }
}

function holdersIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(1)
  const rows = lines.map((line) => line.trim().split(/\s+/))
  return rows.flatMap(([, local = '', , , , , , uid = '?']) => (local.endsWith(PORT) ? [uid] : []))
}

async function firewallFinding(ports: readonly number[]): Promise<Finding> {
  const rules = (await output('nft', 'list', 'ruleset')) ?? (await output('iptables', '-S'))
  if (rules === undefined) {
    const text = 'the firewall does not tell its rules: neither nft nor iptables, or not to us'
    return { area: 'system', level: 'note', text, next: 'run earshot doctor as root to see them' }
  }
  const suspects = suspectsIn(rules, ports)
  const [first] = suspects
  if (first === undefined) {
    return {
      area: 'system',
      level: 'ok',
      text: 'no rule of the firewall drops what comes to peers',
    }
  }
  const more = suspects.length > 1 ? ` and ${suspects.length - 1} more` : ''
  const text = `the firewall may drop discovery or links: "${first}"${more}`
  const next = 'allow UDP port 5353 for discovery, and the TCP ports of inbox, outlet and door'
  return { area: 'system', level: 'note', text, next, facts: { suspects } }
}

/** Rules, and policies of whole chains, by which a packet of ours could be lost. */
export function suspectsIn(rules: string, ports: readonly number[] = []): string[] {
  const lines = rules.split('\n').map((line) => line.trim())
  return lines.filter((line) => {
    if (/hook (?:input|output)\b.*policy drop|^-P (?:INPUT|OUTPUT) DROP/.test(line)) return true
    const drops = /\b(?:drop|reject)\b|-j (?:DROP|REJECT)/.test(line) && !line.startsWith('type ')
    if (!drops) return false
    const ofDiscovery = /224\.0\.0\.251|ff02::fb|5353|mdns/.test(line)
    return ofDiscovery || !/dport|daddr/.test(line) || ports.some((port) => names(line, port))
  })
}

/** `tcp dport 7001`, `tcp dport { 22, 7000-7002 }`, `--dport 7000:7002`, `--dports 22,7001` */
function names(line: string, port: number): boolean {
  const [, given = ''] = /dports? (\{[^}]*\}|[\d:,-]+)/.exec(line) ?? []
  return [...given.matchAll(/(\d+)(?:[-:](\d+))?/g)].some(([, from, to]) => {
    return port >= Number(from) && port <= Number(to ?? from)
  })
}

/** Undefined where the program is not there, fails, or may not be run by us. */
async function output(file: string, ...words: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(file, words, { timeout: LIMIT_MS, maxBuffer: MAX_BYTES })
    return stdout
  } catch {
    // The same for all: the doctor says that the rules are not to be had.
    return undefined
  }
}
