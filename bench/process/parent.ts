// Owns the processes of a benchmark on the parent's side: starting, asking, ending each by its id.
// Never leaves one behind: they end with us, whatever ends us; a stopped one is killed.

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Role {
  readonly pid: number
  /** One answer; rejects when the process ends instead, or does not answer in time. */
  ask<T>(what: string, argument?: unknown, withinMs?: number): Promise<T>
  signal(name: NodeJS.Signals): void
  end(): Promise<void>
}

interface Answer {
  readonly number: number
  readonly value?: unknown
  readonly error?: string
}

const STARTED_WITHIN_MS = 30_000
const ANSWERED_WITHIN_MS = 30_000
const ENDED_WITHIN_MS = 4_000

const running = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => process.exit(130))
}

/** Follows a process from here on: it is killed when we end. */
export function keep(child: ChildProcess): ChildProcess {
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/**
 * Starts a module that plays a role (`playRole`), and waits until it is ready; with `within`, in
 * that network namespace.
 */
export async function startRole(module: URL, job: unknown, within?: string): Promise<Role> {
  const execArgv = ['netns', 'exec', within ?? '', process.execPath]
  const child = keep(
    fork(fileURLToPath(module), [JSON.stringify(job)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      ...(within !== undefined && { execPath: 'ip', execArgv }),
    }),
  )
  const complaints = complaintsOf(child)
  const waiting = new Map<number, (answer: Answer) => void>()
  child.on('message', (answer: Answer) => waiting.get(answer.number)?.(answer))
  const gone = once(child, 'exit').then(([code, signal]): Answer => {
    const why = complaints.text.trim() || `it ended with ${code ?? signal}`
    return { number: -1, error: `${fileURLToPath(module).split('/').at(-1)}: ${why}` }
  })
  let last = 0
  const answerTo = async (number: number, what: string, withinMs: number) => {
    const came = new Promise<Answer>((resolve) => waiting.set(number, resolve))
    const { error, value } = await atMost(Promise.race([came, gone]), withinMs, what)
    waiting.delete(number)
    if (error !== undefined) throw new Error(error)
    return value
  }
  await answerTo(0, 'be ready', STARTED_WITHIN_MS)
  return {
    pid: child.pid as number,
    ask: async <T>(what: string, argument?: unknown, withinMs = ANSWERED_WITHIN_MS) => {
      const number = ++last
      const answer = answerTo(number, what, withinMs)
      // One that is ending takes nothing more: its end is the answer.
      if (child.connected) child.send({ number, what, argument }, () => undefined)
      return (await answer) as T
    },
    signal: (name) => void child.kill(name),
    end: () => endChild(child),
  }
}

/** A command of the package as a process: its stdout line by line, its end. */
export function startCommand(file: string, words: readonly string[], env: NodeJS.ProcessEnv) {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
  const child = spawn(process.execPath, [file, ...words], { stdio, env })
  keep(child)
  return { child, complaints: complaintsOf(child) }
}

/** Lets it end by itself for a while. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  if (child.connected) child.disconnect()
  else child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDED_WITHIN_MS)
  await ended
  clearTimeout(timer)
}

/** All of them, or none: those that did start are ended when one did not. */
export async function allStarted(starting: readonly Promise<Role>[]): Promise<Role[]> {
  const settled = await Promise.allSettled(starting)
  const roles = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  for (const one of settled) {
    if (one.status === 'fulfilled') continue
    await endAll(roles)
    throw one.reason
  }
  return roles
}

export async function endAll(roles: readonly Role[]): Promise<void> {
  await Promise.all(roles.map((role) => role.end()))
}

function complaintsOf(child: ChildProcess): { text: string } {
  const complaints = { text: '' }
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    complaints.text = (complaints.text + chunk).slice(-4_000)
  })
  return complaints
}

async function atMost<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a process did not ${what} in ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
