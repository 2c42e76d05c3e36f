// Owns `npm run bench:codecs`: options in, four reports out. Never measures in its own process.

import { relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Progress } from './measurements.ts'
import { runCodecs, writeCodecs } from './run.ts'
import { terminalReport } from './terminal.ts'

const usage = `npm run bench:codecs -- [options]
  --quick     one process each, short samples: under 30 s instead of under 3 minutes
  --out DIR   where codecs.json, codecs.md and codecs.html go (default: bench/out)
  --json      print the JSON on stdout, and nothing else
`

const defaultOut = resolve(import.meta.dirname, '../../../bench/out')

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

async function main(): Promise<void> {
  const { quick, json, out, help } = readOptions()
  if (help) {
    process.stdout.write(usage)
    return
  }
  const results = await runCodecs(quick, progressLine())
  const text = await writeCodecs(results, out)
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
