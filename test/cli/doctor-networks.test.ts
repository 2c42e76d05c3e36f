// `earshot doctor` in networks of our own: two bridges, a firewall, a stopped peer elsewhere.
// Needs root, `ip netns` and nft, and says so without them.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type FoundPeer, foundSecret, startIn } from '../support/found-peers.ts'
import { addBridge, ip, joinBridge, mayMakeNamespaces, prefix } from '../support/networks.ts'
import { randomMesh, until } from '../support/peers.ts'

const isAble = mayMakeNamespaces() && spawnSync('nft', ['--version']).status === 0
if (!isAble) console.warn('skipped: network namespaces need root, `ip netns` and nft')

const main = join(import.meta.dirname, '../../dist/src/cli/main.js')
const [hub, a, b, c] = ['h', 'a', 'b', 'c'].map((end) => `${prefix}d${end}`) as [
  ...[string, string, string, string],
]

interface Told {
  readonly stdout: string
  readonly findings: readonly { text: string; next?: string; level: string }[]
}

/** What the doctor prints on host a, and the same as data. */
async function doctor(mesh: string, ...words: string[]): Promise<Told> {
  const run = async (...more: string[]) => {
    const all = [
      main,
      'doctor',
      ...words,
      '--mesh',
      mesh,
      '--wait',
      '3000',
      '--listen',
      'lan',
      ...more,
    ]
    const env = { ...process.env, EARSHOT_SECRET: foundSecret, NO_COLOR: '1' }
    const child = spawn('ip', ['netns', 'exec', a, process.execPath, ...all], { env })
    let stdout = ''
    child.stdout.on('data', (bytes) => {
      stdout += bytes
    })
    await once(child, 'close')
    return stdout
  }
  const [stdout, told] = await Promise.all([run(), run('--json')])
  const json = JSON.parse(told)
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  return { stdout: stdout.replaceAll(/\s+/g, ' '), findings: json.findings }
}

function start(inside: string, name: string, mesh: string, more: object = {}): FoundPeer {
  const directory = mkdtempSync(join(tmpdir(), 'es-d-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return startIn(inside, { name, mesh, directory, discovery: ['mdns'], ...more })
}

/** Host a on both bridges, b on the left one, c on that which is named. */
function joined(third: 'left' | 'right'): void {
  joinBridge(hub, 'left', a, 'e0', '10.83.0.1/24')
  joinBridge(hub, 'right', a, 'e1', '10.84.0.1/24')
  joinBridge(hub, 'left', b, 'e0', '10.83.0.2/24')
  joinBridge(hub, third, c, 'e0', third === 'left' ? '10.83.0.3/24' : '10.84.0.3/24')
}

describe.skipIf(!isAble)('earshot doctor', () => {
  beforeEach(() => {
    for (const name of [hub, a, b, c]) ip('netns', 'add', name)
    for (const name of [a, b, c]) ip('-n', name, 'link', 'set', 'lo', 'up')
    for (const bridge of ['left', 'right']) addBridge(hub, bridge)
    onTestFinished(() => {
      for (const name of [hub, a, b, c]) spawnSync('ip', ['netns', 'del', name])
    })
  })

  it('says that two who do not see each other are on two networks', async () => {
    joined('right')
    const mesh = randomMesh()
    const peers = [start(b, 'left', mesh), start(c, 'right', mesh)]
    await until('both are there', () => peers.every(({ started }) => Boolean(started)))
    let told: Told | undefined
    await until('both are heard', async () => {
      told = await doctor(mesh)
      return told.findings.some(({ text }) => text.includes('does not see'))
    })
    expect(told?.findings).toContainEqual(
      expect.objectContaining({
        text: expect.stringMatching(
          /^left .* does not see right .*: they are on two networks, 10\.83\.0\.2 \(e0 here\) and/,
        ),
        next: expect.stringContaining('route TCP between the two'),
      }),
    )
    // The doctor that asks, and maybe the one beside it that writes JSON: never the other peer.
    expect(told?.stdout).toMatch(/^.* left .*and sees (?:1 peer|2 peers) ok right /)
    // Once for both.
    expect(told?.stdout.split('next: put them on one network')).toHaveLength(2)
  })

  it('finds by what another is told that a peer of another host is stopped', async () => {
    joined('left')
    const mesh = randomMesh()
    const [one, other] = [start(b, 'stopped', mesh), start(c, 'other', mesh)]
    await until('they are linked', () => one.knows.length + other.knows.length === 2)
    const [pid = 0] = ip('netns', 'pids', b).toString().trim().split('\n').map(Number)
    process.kill(pid, 'SIGSTOP')
    await until('it is missed', () => other.lost.includes('stopped'))
    const { stdout, findings } = await doctor(mesh, 'stopped')
    expect(stdout).toContain('no peer "stopped"')
    expect(stdout).toContain('; 1 other is')
    expect(findings).toContainEqual(
      expect.objectContaining({
        text: expect.stringMatching(
          /^stopped \(.{8}\) is told of to other by mdns at tcp:.*accepted and nothing is said$/,
        ),
        next: expect.stringContaining('its process is stopped'),
      }),
    )
  })

  it('names the port of an outlet that is closed, though the link is up', async () => {
    joined('left')
    const mesh = randomMesh()
    const one = start(b, 'orders', mesh, { listen: { host: '10.83.0.2', port: 7_000 } })
    await until('it is there', () => Boolean(one.started))
    const nft = (...words: string[]) => ip('netns', 'exec', b, 'nft', 'add', ...words)
    nft('table', 'inet', 't')
    nft('chain', 'inet', 't', 'c', '{ type filter hook input priority 0; }')
    const reject = ['reject', 'with', 'tcp', 'reset']
    nft('rule', 'inet', 't', 'c', 'iifname', 'e0', 'tcp', 'dport', '7001', ...reject)
    const { findings, stdout } = await doctor(mesh, 'orders')
    expect(findings.filter(({ level }) => level === 'bad')).toEqual([
      expect.objectContaining({
        text: expect.stringMatching(
          /^orders \(.{8}\): its outlet at tcp:\S+:7001 cannot be reached from here \(ECONN/,
        ),
        next: expect.stringMatching(/^let TCP port 7001 of .* in, as that of its inbox$/),
      }),
    ])
    expect(stdout).toContain('1 to mend')
  })

  it('says of a firewall on the way that nothing comes back', async () => {
    joined('left')
    const mesh = randomMesh()
    const one = start(b, 'orders', mesh)
    await until('it is there', () => Boolean(one.started))
    const nft = (...words: string[]) => ip('netns', 'exec', b, 'nft', 'add', ...words)
    nft('table', 'inet', 't')
    nft('chain', 'inet', 't', 'c', '{ type filter hook input priority 0; }')
    nft('rule', 'inet', 't', 'c', 'meta', 'l4proto', 'tcp', 'drop')
    const { findings } = await doctor(mesh, 'orders')
    expect(findings).toContainEqual(
      expect.objectContaining({
        text: expect.stringMatching(/^orders .* there is no link: nothing comes back/),
        next: expect.stringContaining('a firewall on the way drops it'),
      }),
    )
  })
})
