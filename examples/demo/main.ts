// `npm run demo`: processes that are given no address of each other find each other and exchange
// requests, notifications and events of one contract, in four codecs. `--json` for one document.

import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Checklist } from './checklist.ts'
import { Screen } from './screen.ts'
import { type Outcome, runShow } from './show.ts'

const usage = 'usage: npm run demo [-- --json]'

function readArguments(): { json: boolean } {
  try {
    const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
    return { json: values.json }
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ')
    console.error(`${sentence}; ${usage}`)
    process.exit(2)
  }
}

function document(mesh: string, { checklist, processes, notReached, tookMs }: Outcome) {
  const { finds, sizes, latencies, failures, passed } = checklist
  return {
    ok: failures.length === 0 && notReached.length === 0,
    mesh,
    processes: processes.map(({ role, pid }) => ({ role, pid })),
    finds,
    passed: Object.fromEntries(passed),
    failures,
    notReached,
    sizes,
    latencies,
    tookMs,
  }
}

const { json } = readArguments()
const mesh = `demo-${randomBytes(4).toString('hex')}`
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => interrupted.abort())
}
process.stdout.on('error', () => interrupted.abort())
const screen = json ? undefined : new Screen()
screen?.open(mesh)
const onNews = (checklist: Checklist) => screen?.update(checklist)
const outcome = await runShow({ mesh, signal: interrupted.signal, onNews })
screen?.close(outcome)
const told = document(mesh, outcome)
if (json) console.log(JSON.stringify(told, null, 2))
process.exitCode = told.ok ? 0 : 1
