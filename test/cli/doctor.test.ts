// `earshot doctor` against real peers, and in a network where multicast is dropped.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Discovery, mdns, type PeerOptions } from 'earshot'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { suspectsIn } from '../../src/cli/doctor/system.ts'
import { mayMakeNamespaces, prefix } from '../support/networks.ts'
import { testPeer, until } from '../support/peers.ts'
import { earshot, endAll, randomMesh, startCli, startShop } from './support.ts'

afterAll(endAll)
const main = join(import.meta.dirname, '../../dist/src/cli/main.js')

/** Is found by mDNS on loopback, and finds nobody. */
function deaf(): Discovery {
  const spoken = mdns({ scope: 'host' })
  return {
    name: 'deaf',
    announce: (self, options) => spoken.announce(self, options),
    async *watch(_mesh, { signal }) {
      yield { type: 'synced' }
      if (!signal.aborted) await once(signal, 'abort')
    },
    close: () => spoken.close(),
  }
}

describe('earshot doctor', () => {
  it('finds nothing wrong with two peers that see each other, in 80 columns', async () => {
    const mesh = randomMesh()
    await Promise.all([
      startShop({ name: 'orders', mesh, does: ['serve'] }),
      startShop({ name: 'till', mesh, does: ['stock'] }),
    ])
    const words = ['doctor', 'orders', '--mesh', mesh, '--wait', '6000']
    let said = await earshot(words)
    await until('both are up', async () => {
      if (!said.stdout.includes('orders sees all the others')) said = await earshot(words)
      return said.stdout.includes('orders sees all the others')
    })
    const { stdout, stderr } = said
    expect(stderr).toBe('')
    expect(stdout).toMatch(/ {2}ok {3}lo 127\.0\.0\.1: joined, sent \d+, own packet heard back/)
    expect(stdout).toMatch(/orders \([0-9a-f]{8}\) on /)
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/its door answers in [\d.]+ ms and sees 2 peers/)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('asks what may keep away a peer of which nothing is heard', async () => {
    const words = ['doctor', 'till', '--mesh', randomMesh(), '--json', '--wait', '200']
    const { code, stdout } = await earshot(words)
    expect(code).toBe(1)
    expect(JSON.parse(stdout).findings).toContainEqual(
      expect.objectContaining({
        text: expect.stringMatching(/^no peer "till" of mesh ".*" is heard from here/),
        next: expect.stringMatching(
          /is it running, .* UDP port 5353 get through to it, or (is|has)/,
        ),
      }),
    )
  })

  it('says who does not see whom, why, and what to do; exit code 1', async () => {
    const mesh = randomMesh()
    const options = (name: string): PeerOptions => ({ name, mesh, discovery: [deaf()] })
    const a = await testPeer(options('orders'))
    const b = await testPeer(options('till'))
    let stdout = ''
    let code: number | null = 0
    await until('the doctor hears both', async () => {
      const words = ['doctor', 'till', '--mesh', mesh, '--json', '--wait', '6000']
      const said = await earshot(words)
      stdout = said.stdout
      code = said.code
      return stdout.includes('does not see')
    })
    expect(code).toBe(1)
    const { findings, bad } = JSON.parse(stdout)
    expect(bad).toBeGreaterThanOrEqual(2)
    expect(findings).toContainEqual(
      expect.objectContaining({
        ...{ area: 'peer', level: 'bad', facts: { from: a.id, to: b.id } },
        text: expect.stringMatching(/orders \(.{8}\) does not see till \(.{8}\): they are on one/),
        next: expect.stringContaining('gossip()'),
      }),
    )
  })

  it('says so when nobody is there, or not the one that is asked for', async () => {
    const mesh = randomMesh()
    const { code, stdout } = await earshot(['doctor', 'orders', '--mesh', mesh, '--wait', '100'])
    expect(code).toBe(1)
    expect(stdout).toContain('no peer "orders" of mesh')
    expect(stdout).toContain('next: is it running')
  })

  const secret = 'a secret of the shop, long enough'
  it.each([
    ['has no key', '', 'it asks for a key, and this command has none', 'set EARSHOT_SECRET'],
    ['has another', 'not the secret of the shop', 'it does not accept our key', 'is another than'],
  ])('names the cause where a peer is told of and the doctor %s', async (_what, key, why, next) => {
    const mesh = randomMesh()
    await startShop({ name: 'orders', mesh, does: ['serve'], secret })
    const words = ['doctor', 'orders', '--mesh', mesh, '--json', '--wait', '2000']
    const { code, stdout } = await startCli(words, { EARSHOT_SECRET: key }).end()
    expect(code).toBe(1)
    expect(JSON.parse(stdout).findings).toContainEqual(
      expect.objectContaining({
        ...{ area: 'peer', level: 'bad', next: expect.stringContaining(next) },
        text: expect.stringMatching(new RegExp(`^orders \\(.{8}\\) is told of by .*: ${why}$`)),
      }),
    )
    const peers = await startCli(['peers', '--mesh', mesh], { EARSHOT_SECRET: key }).end()
    expect(peers.code).toBe(3)
    expect(peers.stderr).toMatch(/one is told of and not linked\nnext: earshot doctor --mesh/)
  })

  it('says that a peer is stopped which takes connections and is silent', async () => {
    const mesh = randomMesh()
    const shop = await startShop({ name: 'orders', mesh, does: ['serve'] })
    shop.signal('SIGSTOP')
    const words = ['doctor', 'orders', '--mesh', mesh, '--json', '--wait', '500']
    const { stdout } = await startCli(words).end()
    expect(JSON.parse(stdout).findings).toContainEqual(
      expect.objectContaining({
        text: expect.stringMatching(/the connection is accepted and nothing is said$/),
        next: expect.stringContaining('its process is stopped'),
      }),
    )
  })

  it('hears its own packet over IPv6, too, where there is an interface for it', async () => {
    const { stdout } = await earshot(['doctor', '--mesh', randomMesh(), '--wait', '100', '--json'])
    const { findings } = JSON.parse(stdout) as { findings: { area: string; facts: object }[] }
    const all = findings.filter(({ area }) => area === 'interface').map(({ facts }) => facts)
    expect(all.length).toBeGreaterThan(0)
    for (const facts of all) expect(facts).toMatchObject({ joined: true, heardItself: true })
  })

  const isAble = mayMakeNamespaces() && spawnSync('nft', ['--version']).status === 0
  if (!isAble) console.warn('skipped: network namespaces need root, `ip netns` and nft')
  it.skipIf(!isAble)('names the rule of a firewall that keeps our own packet from us', async () => {
    const host = `${prefix}doc`
    const ip = (...words: string[]) => execFileSync('ip', words)
    ip('netns', 'add', host)
    onTestFinished(() => void spawnSync('ip', ['netns', 'del', host]))
    ip('-n', host, 'link', 'set', 'lo', 'up')
    const nft = (...words: string[]) => ip('netns', 'exec', host, 'nft', 'add', ...words)
    nft('table', 'ip', 't')
    nft('chain', 'ip', 't', 'c', '{ type filter hook input priority 0; }')
    nft('rule', 'ip', 't', 'c', 'ip', 'daddr', '224.0.0.251', 'drop')
    const words = [main, 'doctor', '--mesh', randomMesh(), '--wait', '500', '--json']
    const child = spawn('ip', ['netns', 'exec', host, process.execPath, ...words])
    let stdout = ''
    child.stdout.on('data', (bytes) => {
      stdout += bytes
    })
    await once(child, 'close')
    const { findings } = JSON.parse(stdout) as { findings: { text: string; next?: string }[] }
    const lo = findings.find(({ text }) => text.startsWith('lo 127.0.0.1'))
    expect(lo?.text).toContain('own packet NOT heard back')
    expect(lo?.next).toContain('allow UDP port 5353')
    expect(findings.map(({ text }) => text)).toContainEqual(
      expect.stringContaining('"ip daddr 224.0.0.251 drop"'),
    )
  })

  it.each([
    ['type filter hook input priority filter; policy drop;', true],
    ['-P INPUT DROP', true],
    ['-A INPUT -p udp -m udp --dport 5353 -j DROP', true],
    ['udp dport 5353 reject', true],
    ['counter packets 3 bytes 9 drop', true],
    ['tcp dport 22 drop', false],
    ['type filter hook input priority filter; policy accept;', false],
    ['udp dport 5353 accept', false],
  ])('suspects the rule "%s": %s', (rule, is) => {
    expect(suspectsIn(`table ip t {\n\t${rule}\n}`)).toHaveLength(is ? 1 : 0)
  })

  it.each([
    ['iifname "e0" tcp dport 7001 drop', true],
    ['tcp dport { 22, 7000-7002 } reject with tcp reset', true],
    ['-A INPUT -p tcp -m tcp --dport 7000:7002 -j REJECT', true],
    ['-A INPUT -p tcp -m multiport --dports 22,7001 -j DROP', true],
    ['tcp dport { 22, 17001 } drop', false],
    ['tcp dport 7001 accept', false],
  ])('suspects the rule "%s" where a peer listens at port 7001: %s', (rule, is) => {
    expect(suspectsIn(`table ip t {\n\t${rule}\n}`, [7_001])).toHaveLength(is ? 1 : 0)
  })
})
