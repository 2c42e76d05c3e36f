// Owns running a program as a user does: what it prints, what is typed, how it ends.
// Never leaves one behind: `endPrograms` goes into afterEach.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const root = join(import.meta.dirname, '../..')
const LIMIT_MS = 40_000

export const isRoot: boolean = process.getuid?.() === 0

export function randomName(prefix: string): string {
  return `${prefix}${randomBytes(4).toString('hex')}`
}

/** The command line of an example, built by `npm run build`. */
export function example(name: string, ...args: readonly string[]): string[] {
  return [process.execPath, join(root, 'dist/examples', name, 'main.js'), ...args]
}

/** The same in a pseudo-terminal of so many columns. */
export function inTerminal(command: readonly string[], columns: number): string[] {
  return ['script', '-qfec', `stty cols ${columns}; exec ${command.join(' ')}`, '/dev/null']
}

const running = new Set<Program>()

export async function endPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.end()))
}

export class Program {
  readonly exited: Promise<number | string>
  readonly #child: ChildProcess
  #output = ''
  #errors = ''
  #wake: () => void = () => undefined

  constructor([file = '', ...args]: readonly string[], env: Readonly<Record<string, string>> = {}) {
    // As on a person's machine: Node takes colours away where CI is set.
    const { NO_COLOR: _, CI: __, ...own } = process.env
    this.#child = spawn(file, args, { env: { ...own, ...env }, cwd: root })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
      this.#wake()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    running.add(this)
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      running.delete(this)
      this.#wake()
      return code ?? signal
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output
  }

  get errors(): string {
    return this.#errors
  }

  /** What a person reads: without escape sequences. */
  get text(): string {
    return stripVTControlCharacters(this.#output).replaceAll('\r', '')
  }

  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  endInput(): void {
    this.#child.stdin?.end()
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves with the match in its text. */
  async until(expected: RegExp | string, limitMs: number = LIMIT_MS): Promise<string> {
    const deadlineMs = performance.now() + limitMs
    for (;;) {
      const found = this.text.match(expected)?.[0]
      if (found !== undefined) return found
      if (!running.has(this)) throw this.#without(expected)
      await this.#news(expected, deadlineMs - performance.now())
    }
  }

  async end(): Promise<void> {
    this.#child.kill('SIGCONT')
    this.#child.kill('SIGKILL')
    await this.exited
  }

  /** Resolves when something is printed, or the program ends. */
  #news(expected: RegExp | string, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#without(expected)), limitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #without(expected: RegExp | string): Error {
    return new Error(`no ${expected} in:\n${this.text}\n${this.#errors}`)
  }
}

/** The processes that `pid` has started, with their command lines; Linux only. */
export function childrenOf(pid: number): { readonly pid: number; readonly command: string }[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return list.split(' ').map((child) => ({
    pid: Number(child),
    command: readFileSync(`/proc/${child}/cmdline`, 'utf8').replaceAll('\0', ' '),
  }))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A network namespace with nothing but loopback, which is `up` or not. */
export function createNamespace(loopback: 'up' | 'down'): { run: string[]; remove(): void } {
  const name = randomName('earshot-')
  const ip = (...args: string[]) => execFileSync('ip', args)
  ip('netns', 'add', name)
  const run = ['ip', 'netns', 'exec', name]
  ip('-n', name, 'link', 'set', 'lo', loopback)
  return { run, remove: () => ip('netns', 'del', name) }
}
