// Owns `npm run bench`: names and options in, reports out. Never measures in its own process.

import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  describeMachine,
  progressLine,
  type Report,
  reportHtml,
  reportMarkdown,
  reportText,
} from 'earshot/report'
import type { ChainFigures } from './chain/figures.ts'
import { chainPicture } from './chain/picture.ts'
import type { Results as CodecResults } from './codecs/results.ts'
import { writeCodecs } from './codecs/run.ts'
import { runGate } from './gate/gate.ts'
import { fullEffort, quickEffort } from './process/effort.ts'
import { type ComponentName, componentNames, components, type Found } from './suite/components.ts'
import { caveatsOf, methodOf } from './suite/method.ts'

const usage = `npm run bench -- [names…] [options]
  one-way     messages a second: opaque bytes, ticks in each codec, CURVE, fan-in; losses
  latency     one request at a time, at fixed rates, 256 in flight
  fan-out     1 and 50 subscribers, a mesh of 20 peers, a peer at rest
  discovery   until peers know each other, and notice that one has gone; needs root
  policies    what retry, breaker and bulkhead cost a call
  styles      cancelling, a question to 50, streams against calls and events
  chain       three services in a chain under overload, with the policies and without
  codecs      the codecs with each other, with XML and with the usual libraries
  memory      what processes hold under overload; fails when it grows
  gate        a few ratios with bounds, as CI checks them; alone, under a minute
Without a name: all but the gate.

  --quick     one round, short samples: the order of a figure, not the figure
  --json      print the JSON on stdout, and nothing else
  --out DIR   where bench.json, bench.md and bench.html go (default: bench/out)
  --help      this

Exit code 1: something failed, or what must hold did not; it is named at the end.
`

const defaultOut = resolve(import.meta.dirname, '../../bench/out')

/** What bench.json holds. */
export interface BenchDocument extends Omit<Report, 'sections'> {
  readonly quick: boolean
  readonly components: Readonly<Partial<Record<ComponentName, unknown>>>
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: defaultOut },
      help: { type: 'boolean', default: false },
    },
  })
  return { ...values, names: positionals }
}

async function main(): Promise<void> {
  const { names, quick, json, out, help } = readOptions()
  if (help) {
    process.stdout.write(usage)
    return
  }
  if (names.includes('gate')) {
    if (names.length > 1) throw new Error('gate runs alone')
    if (!(await runGate(json))) process.exitCode = 1
    return
  }
  const wanted = names.length === 0 ? componentNames : names.map(checked)
  const { report, document, found } = await run(wanted, quick)
  const text = `${JSON.stringify(document, null, 2)}\n`
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'bench.json'), text)
  await writeFile(join(out, 'bench.md'), reportMarkdown(report))
  await writeFile(join(out, 'bench.html'), reportHtml(report))
  const more = await writeMore(found, out)
  process.stdout.write(json ? text : reportText(report))
  const files = ['bench.json', 'bench.md', 'bench.html', ...more].join(', ')
  process.stderr.write(`written to ${relative(process.cwd(), out) || '.'}: ${files}\n`)
  for (const failure of report.failures) process.stderr.write(`FAILED ${failure}\n`)
  if (report.failures.length > 0) process.exitCode = 1
}

/** Files that only some components have; returns their names. */
async function writeMore(found: readonly Found[], out: string): Promise<string[]> {
  const names: string[] = []
  for (const { name, figures } of found) {
    if (name === 'codecs') {
      await writeCodecs(figures as CodecResults, out)
      names.push('codecs.html')
    }
    if (name === 'chain') {
      await writeFile(join(out, 'chain.svg'), chainPicture(figures as ChainFigures))
      names.push('chain.svg')
    }
  }
  return names
}

function checked(word: string): ComponentName {
  const name = componentNames.find((one) => one === word)
  if (name) return name
  throw new Error(`"${word}" is no benchmark: ${componentNames.join(', ')}, or gate alone`)
}

async function run(names: readonly ComponentName[], quick: boolean) {
  const effort = quick ? quickEffort : fullEffort
  const started = new Date()
  const machine = describeMachine(['earshot', 'zeromq'])
  const progress = progressLine()
  const found: Found[] = []
  for (const name of names) found.push(await components[name](effort, progress))
  progress('done', true)
  const facts = {
    title: 'Earshot benchmarks',
    startedAt: started.toISOString(),
    tookS: Math.round((Date.now() - started.getTime()) / 1_000),
    machine,
    failures: found.flatMap(({ failures }) => failures),
    method: methodOf(effort),
    caveats: caveatsOf(effort, machine),
  }
  const report: Report = { ...facts, sections: found.map(({ section }) => section) }
  const figures = Object.fromEntries(found.map(({ name, figures }) => [name, figures]))
  const document: BenchDocument = { ...facts, quick, components: figures }
  return { report, document, found }
}

/** A reader who has seen enough (`| head`) is no error: the files are written all the same. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
  })
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\nbench: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
