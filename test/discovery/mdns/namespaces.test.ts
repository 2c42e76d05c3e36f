// Owns the tests on networks that we make ourselves: only loopback, no default route, links that
// come and go. They need root and `ip netns`, and say so where they cannot run.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, randomId, randomMesh } from '../support.ts'

const root = resolve(import.meta.dirname, '../../..')
const prefix = `es${process.pid}`
const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })

function mayMakeNamespaces(): boolean {
  if (process.getuid?.() !== 0) return false
  if (spawnSync('ip', ['netns', 'add', `${prefix}try`]).status !== 0) return false
  return spawnSync('ip', ['netns', 'del', `${prefix}try`]).status === 0
}

const isAble = mayMakeNamespaces()
const hasNft = spawnSync('nft', ['--version']).status === 0
if (!isAble) console.warn('skipped: network namespaces need root and `ip netns` (iproute2)')

/** Compiles a file and all that it imports from here; gives the directory it is compiled into. */
function compile(entry: string, out: string, done: Set<string> = new Set()): void {
  if (done.has(entry)) return
  done.add(entry)
  const source = readFileSync(entry, 'utf8')
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      rewriteRelativeImportExtensions: true,
    },
  })
  const target = join(out, relative(root, entry)).replace(/\.ts$/, '.js')
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, outputText)
  for (const [, path = ''] of source.matchAll(/from '(\.[^']+\.ts)'/g)) {
    compile(resolve(dirname(entry), path), out, done)
  }
}

interface Line {
  readonly type: string
  readonly [key: string]: unknown
}

class PeerProcess {
  readonly id: string = randomId()
  readonly lines: Line[] = []
  readonly process: ChildProcess

  constructor(out: string, namespace: string, env: Record<string, string>) {
    const script = join(out, 'test/discovery/mdns/peer-process.js')
    this.process = spawn('ip', ['netns', 'exec', namespace, process.execPath, script], {
      env: { ...process.env, id: this.id, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const output = this.process.stdout as NonNullable<ChildProcess['stdout']>
    createInterface({ input: output }).on('line', (line) => this.lines.push(JSON.parse(line)))
  }

  tell(line: string): void {
    this.process.stdin?.write(`${line}\n`)
  }

  async until(type: string, fits: (line: Line) => boolean = () => true): Promise<Line> {
    const find = () => this.lines.findIndex((line) => line.type === type && fits(line))
    await eventually(() => find() >= 0, 8_000)
    return this.lines.splice(0, find() + 1).at(-1) as Line
  }

  async end(): Promise<void> {
    const { process: child } = this
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

describe.skipIf(!isAble)('mDNS in networks of its own', () => {
  let out: string
  let mesh: string
  const a = `${prefix}a`
  const b = `${prefix}b`
  let peers: PeerProcess[] = []
  const start = (namespace: string, env: Record<string, string> = {}) => {
    const peer = new PeerProcess(out, namespace, { mesh, ...env })
    peers.push(peer)
    return peer
  }
  const join2 = () => {
    ip('link', 'add', `${prefix}x`, 'netns', a, 'type', 'veth', 'peer', 'name', `${prefix}y`)
    ip('link', 'set', `${prefix}y`, 'netns', b)
    ip('-n', a, 'addr', 'add', '10.77.0.1/24', 'dev', `${prefix}x`)
    ip('-n', b, 'addr', 'add', '10.77.0.2/24', 'dev', `${prefix}y`)
  }
  const raise = () => {
    ip('-n', a, 'link', 'set', `${prefix}x`, 'up')
    ip('-n', b, 'link', 'set', `${prefix}y`, 'up')
  }

  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'es-ns-'))
    compile(join(import.meta.dirname, 'peer-process.ts'), out)
    writeFileSync(join(out, 'package.json'), '{"type":"module"}')
    symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'))
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))
  afterEach(async () => {
    await Promise.all(peers.map((peer) => peer.end()))
    peers = []
    for (const name of [a, b]) spawnSync('ip', ['netns', 'del', name])
  })
  const make = (...names: string[]) => {
    mesh = randomMesh()
    for (const name of names) ip('netns', 'add', name)
  }

  it('finds peers where only loopback exists, and counts each bad packet exactly', async () => {
    make(a)
    ip('-n', a, 'link', 'set', 'lo', 'up')
    const one = start(a, { port: '4001' })
    await one.until('synced')
    const other = start(a, { port: '4002' })
    expect(await other.until('up')).toMatchObject({
      peer: { id: one.id, inbox: ['tcp://127.0.0.1:4001'] },
    })
    expect(await one.until('up')).toMatchObject({ peer: { id: other.id } })
    other.tell('noise 240')
    const count = async () => {
      one.tell('stats')
      return (await one.until('stats')).malformed as number
    }
    let malformed = 0
    for (let i = 0; i < 100 && malformed < 240; i++) malformed = await count()
    expect(malformed).toBe(240)
    other.tell('leave')
    expect(await one.until('down')).toMatchObject({ id: other.id, reason: 'goodbye' })
    await eventually(() => other.process.exitCode === 0)
    expect(one.lines.filter(({ type }) => type === 'fault')).toEqual([])
  })

  it('says what is missing while loopback is down, and works when it comes up', async () => {
    make(a)
    const one = start(a, { port: '4001' })
    const other = start(a, { port: '4002' })
    expect((await one.until('fault')).message).toMatch(/no IPv4 interface.*ip link set lo up/)
    await other.until('synced')
    ip('-n', a, 'link', 'set', 'lo', 'up')
    const startMs = performance.now()
    await Promise.all([one.until('up'), other.until('up')])
    expect(performance.now() - startMs).toBeLessThan(3_000)
  })

  it('finds peers over a link without a default route, and hears their goodbye', async () => {
    make(a, b)
    join2()
    raise()
    const one = start(a, { scope: 'lan', host: '10.77.0.1', port: '4001' })
    await one.until('synced')
    const other = start(b, { scope: 'lan', host: '10.77.0.2', port: '4002' })
    const { peer } = await other.until('up')
    expect(peer).toMatchObject({ id: one.id, inbox: ['tcp://10.77.0.1:4001'] })
    await one.until('up')
    other.tell('leave')
    expect(await one.until('down')).toMatchObject({ reason: 'goodbye' })
  })

  it('finds peers on a link that comes up later, without a restart', async () => {
    make(a, b)
    join2()
    const one = start(a, { scope: 'lan', host: '10.77.0.1' })
    const other = start(b, { scope: 'lan', host: '10.77.0.2' })
    await Promise.all([one.until('synced'), other.until('synced')])
    raise()
    const startMs = performance.now()
    await Promise.all([one.until('up'), other.until('up')])
    expect(performance.now() - startMs).toBeLessThan(6_000)
  })

  it('notices a new address, and drops what it knew over the old one', async () => {
    make(a, b)
    join2()
    raise()
    const one = start(a, { scope: 'lan', host: '10.77.0.1,10.78.0.1', port: '4001' })
    await one.until('started')
    const other = start(b, { scope: 'lan', host: '10.77.0.2,10.78.0.2', port: '4002' })
    await other.until('up')
    ip('-n', a, 'addr', 'add', '10.78.0.1/24', 'dev', `${prefix}x`)
    ip('-n', b, 'addr', 'add', '10.78.0.2/24', 'dev', `${prefix}y`)
    ip('-n', a, 'addr', 'del', '10.77.0.1/24', 'dev', `${prefix}x`)
    ip('-n', b, 'addr', 'del', '10.77.0.2/24', 'dev', `${prefix}y`)
    const fits = ({ peer }: Line) =>
      JSON.stringify((peer as { inbox: string[] }).inbox) === '["tcp://10.78.0.1:4001"]'
    await Promise.race([other.until('up', fits), other.until('change', fits)])
  })

  it.skipIf(!hasNft)('says that a firewall is in the way, and works when it is gone', async () => {
    make(a)
    ip('-n', a, 'link', 'set', 'lo', 'up')
    const nft = (...args: string[]) => ip('netns', 'exec', a, 'nft', ...args)
    nft('add', 'table', 'ip', 't')
    nft('add', 'chain', 'ip', 't', 'out', '{ type filter hook output priority 0; }')
    nft('add', 'rule', 'ip', 't', 'out', 'ip', 'daddr', '224.0.0.251', 'drop')
    const one = start(a, { port: '4001' })
    expect((await one.until('fault')).message).toMatch(/lo \(127\.0\.0\.1\).*EPERM.*firewall/)
    nft('delete', 'table', 'ip', 't')
    const other = start(a, { port: '4002' })
    await Promise.all([one.until('up'), other.until('up')])
  })

  it('does not die of a peer that is killed, and finds its successor', async () => {
    make(a)
    ip('-n', a, 'link', 'set', 'lo', 'up')
    const one = start(a)
    await one.until('synced')
    const first = start(a, { port: '4002' })
    await one.until('up')
    await first.end()
    const second = start(a, { port: '4003' })
    expect(await one.until('up')).toMatchObject({ peer: { id: second.id } })
  })
})
