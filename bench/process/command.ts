// Owns the command `earshot bench` as a benchmark uses it: both sides as processes of the package.
// Never measures: what it prints with `--json` is handed on.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { endChild, startCommand } from './parent.ts'

export interface Percentiles {
  readonly count: number
  readonly meanUs: number
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
}

/** What `earshot bench run --json` prints, as far as it is used here. */
export interface Ran {
  readonly transport: string
  readonly secured: boolean
  readonly oneWay?: readonly {
    readonly size: number | 'mixed'
    readonly perSecond: number
    readonly sent: number
    readonly received: number
    readonly lost: number
    readonly repeated: number
  }[]
  readonly latency?: {
    readonly oneAtATime: Percentiles
    readonly atRates: readonly (Percentiles & {
      readonly rate: number
      readonly seconds: number
      readonly failed: number
    })[]
  }
  readonly requests?: { readonly inFlight: number; readonly perSecond: number }
}

export interface Server {
  /** Runs `earshot bench run` with these words against this server alone. */
  run(words: readonly string[]): Promise<Ran>
  end(): Promise<void>
}

const manifestPath = createRequire(import.meta.url).resolve('earshot/package.json')
const { bin } = JSON.parse(readFileSync(manifestPath, 'utf8')) as { bin: { earshot: string } }
const main = join(dirname(manifestPath), bin.earshot)

/** `earshot bench serve` in a mesh of its own, ready. */
export async function startServer(secret = ''): Promise<Server> {
  const mesh = `bench-${randomBytes(6).toString('hex')}`
  const env = { ...process.env, EARSHOT_MESH: mesh, EARSHOT_SECRET: secret, NO_COLOR: '1' }
  const { child, complaints } = startCommand(main, ['bench', 'serve', '--json'], env)
  const ready = once(child.stdout as NodeJS.ReadableStream, 'data').then(() => true)
  if (!(await Promise.race([ready, once(child, 'exit').then(() => false)]))) {
    throw new Error(`earshot bench serve: ${complaints.text.trim()}`)
  }
  return { run: (words) => run(words, env), end: () => endChild(child) }
}

async function run(words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const all = ['bench', 'run', ...words, '--wait', '10000', '--json']
  const { child, complaints } = startCommand(main, all, env)
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const [code, signal] = await once(child, 'close')
  if (code === 0) return JSON.parse(text.split('\n')[0] ?? '') as Ran
  const why = /^earshot: (.*)$/m.exec(complaints.text)?.[1] ?? complaints.text.trim()
  throw new Error(`earshot bench run ended with ${code ?? signal}: ${why}`)
}
