// Owns `npm run bench:codecs`: options in, four reports out. Never measures in its own process.

import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../report/machine.ts'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'
import { fullEffort, measureAll, type Progress, quickEffort } from './measurements.ts'
import { caveatsOf, methodOf } from './method.ts'
import type { Results } from './results.ts'
import { shapeNames, shapeTitles } from './shape-names.ts'
import { subjects } from './subjects.ts'
import { terminalReport } from './terminal.ts'
import { valuesOf } from './values.ts'

const usage = `npm run bench:codecs -- [options]
  --quick     one process each, short samples: under 30 s instead of under 3 minutes
  --out DIR   where codecs.json, codecs.md and codecs.html go (default: bench/out)
  --json      print the JSON on stdout, and nothing else
`

const defaultOut = resolve(import.meta.dirname, '../../../bench/out')

const packages = [
  'earshot',
  'zeromq',
  'msgpackr',
  'avsc',
  'protobufjs',
  'fast-xml-parser',
  'tinybench',
]

function readOptions() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: defaultOut },
      help: { type: 'boolean', default: false },
    },
  })
  return values
}

function progressLine(): Progress {
  const startMs = performance.now()
  return (done, of, what) => {
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(0)
    const line = `${String(done).padStart(3)}/${of}  ${seconds} s  ${what}`
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}${done === of ? '\n' : ''}`)
    else process.stderr.write(`${line}\n`)
  }
}

async function run(quick: boolean): Promise<Results> {
  const effort = quick ? quickEffort : fullEffort
  const started = new Date()
  const machine = describeMachine(packages)
  const cells = await measureAll(effort, progressLine())
  return {
    title: 'Earshot codec comparison',
    startedAt: started.toISOString(),
    tookS: Math.round((Date.now() - started.getTime()) / 1_000),
    machine,
    effort,
    subjects: subjects.map(({ id, title, family, format }) => ({ id, title, family, format })),
    shapes: shapeNames.map((name) => {
      return { name, title: shapeTitles[name], example: valuesOf(name)[0] }
    }),
    method: methodOf(effort),
    caveats: caveatsOf(effort, machine),
    cells,
  }
}

async function main(): Promise<void> {
  const { quick, json, out, help } = readOptions()
  if (help) {
    process.stdout.write(usage)
    return
  }
  const results = await run(quick)
  const text = `${JSON.stringify(results, null, 2)}\n`
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'codecs.json'), text)
  await writeFile(join(out, 'codecs.md'), markdownReport(results))
  await writeFile(join(out, 'codecs.html'), htmlReport(results))
  process.stdout.write(json ? text : terminalReport(results))
  const shown = relative(process.cwd(), out) || '.'
  process.stderr.write(`written to ${shown}: codecs.json, codecs.md, codecs.html\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\nbench:codecs: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
