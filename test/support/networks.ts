// Owns networks for tests: namespaces joined by links, and peers as processes inside them.
// Needs root and `ip netns`; whoever uses it says so where it cannot run.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { eventually, randomId } from '../discovery/support.ts'

const root = resolve(import.meta.dirname, '../..')
/** Begins the names of everything that a test makes: short, for interfaces have 15 characters. */
export const prefix: string = `es${process.pid}`
export const ip = (...args: string[]): Buffer => execFileSync('ip', args, { stdio: 'pipe' })

export function mayMakeNamespaces(): boolean {
  if (process.getuid?.() !== 0) return false
  if (spawnSync('ip', ['netns', 'add', `${prefix}try`]).status !== 0) return false
  return spawnSync('ip', ['netns', 'del', `${prefix}try`]).status === 0
}

/** Compiles the peer's process into a directory of its own; the caller removes it. */
export function compilePeer(): string {
  const out = mkdtempSync(join(tmpdir(), 'es-ns-'))
  compile(join(root, 'test/discovery/mdns/peer-process.ts'), out)
  writeFileSync(join(out, 'package.json'), '{"type":"module"}')
  symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'))
  return out
}

/** Two namespaces joined by a pair of interfaces, `x` in the first and `y` in the second. */
export function joinNamespaces(a: string, b: string): void {
  ip('link', 'add', `${prefix}x`, 'netns', a, 'type', 'veth', 'peer', 'name', `${prefix}y`)
  ip('link', 'set', `${prefix}y`, 'netns', b)
  ip('-n', a, 'addr', 'add', '10.77.0.1/24', 'dev', `${prefix}x`)
  ip('-n', b, 'addr', 'add', '10.77.0.2/24', 'dev', `${prefix}y`)
}

export function raiseLink(a: string, b: string): void {
  ip('-n', a, 'link', 'set', `${prefix}x`, 'up')
  ip('-n', b, 'link', 'set', `${prefix}y`, 'up')
}

/** A bridge in the namespace `hub`. */
export function addBridge(hub: string, bridge: string, ...settings: string[]): void {
  ip('-n', hub, 'link', 'add', 'name', bridge, 'type', 'bridge', ...settings)
  ip('-n', hub, 'link', 'set', bridge, 'up')
}

/** The interface `end` of a host on that bridge; without an address it has that of its link. */
export function joinBridge(
  hub: string,
  bridge: string,
  host: string,
  end: string,
  address?: string,
): void {
  const port = `${end}${host.slice(-1)}`
  ip('link', 'add', end, 'netns', host, 'type', 'veth', 'peer', 'name', port, 'netns', hub)
  ip('-n', hub, 'link', 'set', port, 'master', bridge, 'up')
  if (address !== undefined) ip('-n', host, 'addr', 'add', address, 'dev', end)
  ip('-n', host, 'link', 'set', end, 'up')
}

/** Compiles a file and all that it imports from here; gives the directory it is compiled into. */
function compile(entry: string, out: string, done: Set<string> = new Set()): void {
  if (done.has(entry)) return
  done.add(entry)
  const source = readFileSync(entry, 'utf8')
  const { outputText } = ts.transpileModule(source, {
    // Its default is module.ts, which one of ours is called.
    fileName: entry,
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

export interface Line {
  readonly type: string
  readonly [key: string]: unknown
}

export class PeerProcess {
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
