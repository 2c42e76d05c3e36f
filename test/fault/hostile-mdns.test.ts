// A stranger on a link that has IPv6 alone says what he likes by multicast DNS: linked peers stay
// linked, who comes is found at once, memory stays flat, and what was said is counted.
// By day one attack; EARSHOT_NIGHTLY=1 tries all.
// Needs root and `ip netns`, and says so without them.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../discovery/support.ts'
import { type FoundPeer, type FoundStats, startIn, statsOf } from '../support/found-peers.ts'
import { addBridge, ip, joinBridge, mayMakeNamespaces, prefix } from '../support/networks.ts'
import { randomMesh } from '../support/peers.ts'

const isNightly = process.env.EARSHOT_NIGHTLY === '1'
const isAble = mayMakeNamespaces()
if (!isAble) console.warn('skipped: network namespaces need root and `ip netns` (iproute2)')

type Counted = FoundStats['mdns']

const attacker = join(import.meta.dirname, '../processes/fixture/mdns-attacker.js')
const WITHIN_MS = 20_000
const [hub, a, b, c, x] = ['h', 'a', 'b', 'c', 'x'].map((end) => `${prefix}6${end}`) as [
  ...[string, string, string, string, string],
]

/** Four hosts on a bridge, without any IPv4 address. */
function bridged(): void {
  for (const name of [hub, a, b, c, x]) ip('netns', 'add', name)
  onTestFinished(() => {
    for (const name of [hub, a, b, c, x]) spawnSync('ip', ['netns', 'del', name])
  })
  addBridge(hub, 'br0', 'mcast_snooping', '0')
  for (const host of [a, b, c, x]) {
    ip('-n', host, 'link', 'set', 'lo', 'up')
    ip('-n', host, 'addr', 'del', '127.0.0.1/8', 'dev', 'lo')
    joinBridge(hub, 'br0', host, 'e0')
  }
}

function isReady(host: string): boolean {
  const tentative = ip('-n', host, '-6', 'addr', 'show', 'scope', 'link', 'tentative').toString()
  return tentative === '' && ip('-n', host, '-6', 'addr', 'show', 'scope', 'link').length > 0
}

function start(inside: string, name: string, mesh: string): FoundPeer {
  const directory = mkdtempSync(join(tmpdir(), 'es-h-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return startIn(inside, { name, mesh, directory, discovery: ['mdns'] })
}

async function started(peer: FoundPeer): Promise<void> {
  await eventually(() => Boolean(peer.started), WITHIN_MS)
}

/** Each knows the names behind it, and no others. */
async function all(...wanted: (readonly [FoundPeer, ...string[]])[]): Promise<void> {
  const isMet = () => wanted.every(([peer, ...names]) => peer.knows.join() === names.join())
  await eventually(isMet, WITHIN_MS).catch(() => undefined)
  expect(wanted.map(([peer]) => peer.knows)).toEqual(wanted.map(([, ...names]) => names))
}

/** The stranger; `tell` resolves with the next line that it says. */
async function stranger(mesh: string) {
  const words = ['netns', 'exec', x, process.execPath, attacker, 'e0', mesh]
  const child: ChildProcess = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> })
  const next = async () => JSON.parse(String((await once(lines, 'line'))[0]))
  await next()
  return (what: string): Promise<Record<string, number>> => {
    const said = next()
    child.stdin?.write(`${what}\n`)
    return said
  }
}

/** More than the busiest host needs, and less than any queue of those who are not. */
const SOON_MS = 10_000
const MAX_GROWTH_BYTES = 67_108_864
/** Of three peers, who are asked by each other as well, in the seconds of an attack. */
const MAX_PACKETS = 400
const MAX_OF_LIVING = 400

type Attack = [string, string[], (counted: Counted) => boolean]
/** By day the first alone: each takes three peers and their meeting. */
const attacks: readonly Attack[] = [
  // Of each peer some 100 were told, with four records each.
  [
    'tells later incarnations of those who live',
    ['addresses'],
    ({ cached }) => cached < MAX_OF_LIVING,
  ],
  [
    'sends what is none, 7 KB of TXT, names that are no text and goodbyes for those who live',
    ['malformed', 'giant', 'names', 'goodbyes'],
    ({ malformed, cached }) => malformed > 1_000 && cached <= 4_096,
  ],
  ['tells of 2 000 peers for a century', ['thousand'], ({ refused }) => refused > 0],
  ['asks 6 000 questions', ['questions'], ({ sent }) => sent < MAX_PACKETS],
  ['claims each name that is probed for', ['conflicts'], ({ renames }) => renames > 3],
]

describe.skipIf(!isAble)('a stranger who speaks multicast DNS on a link of IPv6 alone', () => {
  it.each(isNightly ? attacks : attacks.slice(0, 1))(
    '%s, and harms nobody',
    async (_what, attacks, isCounted) => {
      bridged()
      await eventually(() => [a, b, c, x].every(isReady), WITHIN_MS)
      const mesh = randomMesh()
      const [one, two] = [start(a, 'one', mesh), start(b, 'two', mesh)]
      await all([one, 'two'], [two, 'one'])
      const tell = await stranger(mesh)
      for (let known = 0; known < 2; ) known = (await tell('count')).peers as number
      const before = await statsOf(one)
      const { packets = 0 } = await tell('count')
      const over = (async () => {
        for (const attack of attacks) await tell(attack)
      })()
      const late = start(c, 'late', mesh)
      await started(late)
      const lateMs = performance.now()
      await all([late, 'one', 'two'])
      expect(performance.now() - lateMs).toBeLessThan(SOON_MS)
      await over
      const { packets: said = 0 } = await tell('count')
      expect(said - packets).toBeLessThan(attacks.length * MAX_PACKETS)
      await all([one, 'late', 'two'], [two, 'late', 'one'])
      // And who comes behind it, beside the stranger himself.
      const last = start(x, 'last', mesh)
      await started(last)
      const lastMs = performance.now()
      await all([last, 'late', 'one', 'two'])
      expect(performance.now() - lastMs).toBeLessThan(SOON_MS)
      const after = await statsOf(one)
      expect(after.rss - before.rss).toBeLessThan(MAX_GROWTH_BYTES)
      expect(after.links).toBeLessThanOrEqual(3 * 2)
      expect([one.lost, two.lost, late.lost]).toEqual([[], [], []])
      expect([isCounted(after.mdns), after.mdns]).toEqual([true, after.mdns])
    },
  )
})
