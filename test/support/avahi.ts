// Owns a real Avahi for tests: daemon and bus of its own inside a network namespace.
// Never touches the machine's own daemon: `/run` is another one in there.

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../discovery/support.ts'

const run = promisify(execFile)
const programs = ['avahi-daemon', 'avahi-browse', 'avahi-publish', 'dbus-daemon', 'unshare']

/** The programs that are missing here: with any of them Avahi cannot be started. */
export function missingForAvahi(): string[] {
  return programs.filter((name) => spawnSync(name, ['--version']).error !== undefined)
}

const busConfig = (path: string) => `<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=${path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

const daemonConfig = (interfaces: readonly string[]) => `[server]
host-name=avahi-test
use-ipv6=yes
allow-interfaces=${interfaces.join(',')}
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
`

/** A service as `avahi-browse --parsable --resolve` prints it. */
export interface Seen {
  readonly name: string
  readonly host: string
  readonly address: string
  readonly port: number
  readonly txt: string
}

export class Avahi {
  /** Leads programs in this namespace to the daemon. */
  readonly env: Readonly<Record<string, string>>
  readonly #namespace: string
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  readonly #children: ChildProcess[] = []
  #log = ''

  constructor(namespace: string, interfaces: readonly string[]) {
    this.#namespace = namespace
    this.#folder = mkdtempSync(join(tmpdir(), 'es-avahi-'))
    const bus = join(this.#folder, 'bus')
    this.env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${bus}` }
    this.#env = { ...process.env, LC_ALL: 'C', ...this.env }
    writeFileSync(join(this.#folder, 'bus.conf'), busConfig(bus))
    writeFileSync(join(this.#folder, 'avahi.conf'), daemonConfig(interfaces))
  }

  /** Resolves when the daemon answers for its own name. */
  async start(): Promise<void> {
    const script = `mount -t tmpfs tmpfs /run || exit 1
dbus-daemon --config-file="$1/bus.conf" --nofork & bus=$!
until [ -S "$1/bus" ]; do sleep 0.02; done
avahi-daemon -f "$1/avahi.conf" --no-drop-root --no-chroot --no-rlimits --debug & daemon=$!
trap 'kill $daemon $bus; wait; exit' TERM
wait $daemon`
    const args = ['unshare', '--mount', 'sh', '-c', script, 'sh', this.#folder]
    const child = this.#spawn(args)
    const hear = (bytes: Buffer) => {
      this.#log += bytes.toString()
    }
    child.stderr?.on('data', hear)
    child.stdout?.on('data', hear)
    const isUp = () => child.exitCode !== null || this.#log.includes('Server startup complete')
    await eventually(isUp, 5000).catch(() => undefined)
    if (child.exitCode !== null || !isUp()) throw new Error(`Avahi has not started:\n${this.#log}`)
  }

  /** All services of a type (`_earshot._tcp`, or a sub-type of it), resolved, over IPv4. */
  async browse(type: string): Promise<Seen[]> {
    const args = ['-rtp', type]
    const { stdout } = await run(
      'ip',
      ['netns', 'exec', this.#namespace, 'avahi-browse', ...args],
      {
        env: this.#env,
        timeout: 10_000,
      },
    )
    return stdout
      .split('\n')
      .map((line) => line.split(';'))
      .filter(([mark, , protocol]) => mark === '=' && protocol === 'IPv4')
      .map(([, , , name = '', , , host = '', address = '', port, txt = '']) => {
        return { name, host, address, port: Number(port), txt }
      })
  }

  /** The address of a host by multicast DNS, as Avahi finds it. */
  async resolve(host: string): Promise<string> {
    const args = ['netns', 'exec', this.#namespace, 'avahi-resolve', '-4', '-n', host]
    const { stdout } = await run('ip', args, { env: this.#env, timeout: 10_000 })
    return stdout.trim().split(/\s+/).at(-1) ?? ''
  }

  /** Announces a service until the process that is handed back ends. */
  publish(name: string, port: number, txt: readonly string[], subtype: string): ChildProcess {
    const what = ['-s', `--subtype=${subtype}`, name, '_earshot._tcp', String(port), ...txt]
    return this.#spawn(['avahi-publish', ...what])
  }

  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #spawn(args: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.#namespace, ...args], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.push(child)
    return child
  }
}
