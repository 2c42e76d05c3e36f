// Owns what tests of the command share: the built CLI and the shop as processes, bounded waits.
// Never leaves a process behind: `endAll` after each file.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const main = join(root, 'dist/src/cli/main.js')
const shop = join(import.meta.dirname, 'fixture/shop.js')
const LIMIT_MS = 60_000

const running = new Set<Running>()

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process, what it has written so far, and waiting for more of it. */
export class Running {
  stdout = ''
  stderr = ''
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly #written = new Set<() => void>()

  constructor(
    file: string,
    words: readonly string[],
    env: NodeJS.ProcessEnv = {},
    cwd: string = root,
  ) {
    const child = spawn(process.execPath, [file, ...words], {
      cwd,
      env: { ...process.env, EARSHOT_MESH: '', NO_COLOR: '', ...env },
    })
    this.child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#add('stdout', text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#add('stderr', text))
    this.ended = once(child, 'close').then(([code]) => {
      running.delete(this)
      const { stdout, stderr } = this
      return { code: code as number | null, stdout, stderr }
    })
    running.add(this)
  }

  /** The end of the process, within a bound. */
  async end(): Promise<Ended> {
    return await this.#atMost(this.ended, 'end')
  }

  /** Resolves when what was written matches. */
  async until(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    const seen = new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const match = pattern.exec(this[stream])
        if (!match) return
        this.#written.delete(look)
        resolve(match)
      }
      this.#written.add(look)
      look()
    })
    return await this.#atMost(seen, `write ${pattern}`)
  }

  write(text: string): void {
    this.child.stdin?.write(text)
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  #add(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text
    for (const look of this.#written) look()
  }

  async #atMost<T>(work: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const fail = () => {
        const said = `stdout: ${this.stdout}\nstderr: ${this.stderr}`
        reject(new Error(`a process did not ${what} within ${LIMIT_MS} ms\n${said}`))
      }
      timer = setTimeout(fail, LIMIT_MS)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

export function randomMesh(): string {
  return `cli-${randomBytes(6).toString('hex')}`
}

export function startCli(words: readonly string[], env?: NodeJS.ProcessEnv): Running {
  return new Running(main, words, env)
}

/** Runs the command to its end. */
export async function earshot(words: readonly string[], input = ''): Promise<Ended> {
  const command = startCli(words)
  command.child.stdin?.end(input)
  return await command.end()
}

export interface ShopOptions {
  readonly name: string
  readonly mesh: string
  readonly does: readonly ('serve' | 'stock' | 'trade' | 'publish' | 'hear')[]
  readonly codecs?: readonly string[]
  /** The name that others are shown, where it is not for a command line. */
  readonly title?: string
  readonly secret?: string
  /** An allow list, and the key of this peer. */
  readonly list?: string
  readonly key?: string
}

/** A peer in a process of its own, once all that it does is in force. */
export async function startShop(options: ShopOptions): Promise<Running & { id: string }> {
  const started = new Running(shop, [JSON.stringify(options)])
  const [, id = ''] = await started.until(/"ready":"([0-9a-f]{32})"/)
  return Object.assign(started, { id })
}

export async function endAll(): Promise<void> {
  await Promise.all(
    [...running].map((one) => {
      one.signal('SIGKILL')
      return one.ended
    }),
  )
}

/** Each line as JSON. */
export function lines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
