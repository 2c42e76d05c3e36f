// Peers in processes of their own: started, spoken to, and ended by their own handle.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Answer {
  readonly what: string
  readonly [key: string]: unknown
}

export interface PeerProcess {
  readonly child: ChildProcess
  readonly ready: Answer
  /** Everything it printed to stderr so far. */
  readonly errors: () => string
  tell(message: object): void
  /** The next message called `what`. */
  next(what: string, withinMs?: number): Promise<Answer>
  ask(message: object, what: string, withinMs?: number): Promise<Answer>
  kill(signal: NodeJS.Signals): void
  exited(): Promise<{ code: number | null; signal: string | null }>
}

const folder = new URL('../processes/fixture/', import.meta.url)
const ANSWER_WITHIN_MS = 60_000

export interface Surroundings {
  /** The network namespace that it runs in; needs root. */
  readonly inside?: string
  /** For Node itself. */
  readonly flags?: readonly string[]
  /** How many it may have open. */
  readonly descriptors?: number
}

/**
 * Starts `fixture` and waits until it says `ready`. Killed when the test ends, if it still runs.
 */
export async function startProcess(
  fixture: string,
  args: readonly string[],
  { inside, flags = [], descriptors }: Surroundings = {},
): Promise<PeerProcess> {
  const namespace = inside === undefined ? [] : ['ip', 'netns', 'exec', inside]
  const script = fileURLToPath(new URL(fixture, folder))
  const limit = `ulimit -n ${descriptors} && exec "$0" "$@"`
  const limited = descriptors === undefined ? [] : ['sh', '-c', limit]
  const words = [...namespace, ...limited, process.execPath, ...flags, script, ...args]
  const child = spawn(words[0] as string, words.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let errors = ''
  child.stderr?.on('data', (data) => {
    errors += data
  })
  const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const next = (what: string, withinMs = ANSWER_WITHIN_MS): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const late = () => reject(new Error(`${fixture} did not say ${what}: ${errors}`))
      const timer = setTimeout(late, withinMs)
      const take = (message: unknown) => {
        if ((message as Answer).what !== what) return
        clearTimeout(timer)
        child.off('message', take)
        resolve(message as Answer)
      }
      child.on('message', take)
      void exit.then(() => reject(new Error(`${fixture} ended before it said ${what}: ${errors}`)))
    })
  const ready = await next('ready')
  const tell = (message: object) => void child.send(message)
  const ask = (message: object, what: string, withinMs?: number) => {
    const answer = next(what, withinMs)
    tell(message)
    return answer
  }
  const kill = (signal: NodeJS.Signals) => void child.kill(signal)
  return { child, ready, errors: () => errors, tell, next, ask, kill, exited: () => exit }
}

export function startServing(
  mesh: string,
  name: string,
  options: object = {},
): Promise<PeerProcess> {
  return startProcess('serving.js', [mesh, name, JSON.stringify(options)])
}

export interface Versioned {
  /** Versions of `fixture/orders.js`. */
  readonly serves: readonly string[]
  readonly uses: string
  readonly range?: string
  /** Serves and uses a contract without types in these codecs. */
  readonly loose?: readonly string[]
  readonly options?: object
}

export function startVersioned(
  mesh: string,
  name: string,
  settings: Versioned,
): Promise<PeerProcess> {
  return startProcess('versioned.js', [mesh, name, JSON.stringify(settings)])
}
