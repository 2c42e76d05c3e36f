// Owns `earshot codecs --sample`: what was asked for becomes a comparison, and that what was asked
// to be shown. Never measures.

import { type Command, InvalidArgumentError } from 'commander'
import { defaultLimits, type Part } from 'earshot'
import { progressLine, reportHtml, reportMarkdown, reportText } from 'earshot/report'
import { wrongUsage } from '../failure.ts'
import { findChannel } from '../find-channel.ts'
import { writeFileAtOnce } from '../json-file.ts'
import { countingNumber, type MeshOptions } from '../options.ts'
import { heedSignals } from '../stop.ts'
import { jsonText, print, say, visible } from '../terminal.ts'
import { visit } from '../visit.ts'
import { compareCodecs } from './comparison.ts'
import { readSample, type Sample } from './sample-file.ts'
import { reportOf } from './show.ts'
import { channelIn, inferredSample, sampleOf, type TypedSample } from './typed-sample.ts'

export interface CompareOptions extends MeshOptions {
  readonly sample: string
  readonly contract?: string
  readonly reply?: boolean
  readonly rows: number
  readonly bytes: number
  readonly quick?: boolean
  readonly markdown?: boolean
  readonly html?: string
  readonly types?: string
}

const MAX_ROWS = 10_000_000
const MAX_BYTES = 1_073_741_824

/** The options of a comparison, and their defaults. */
export function withSample(command: Command): Command {
  const { maxSampleRows, maxSampleBytes } = defaultLimits
  return command
    .option('-s, --sample <file>', 'compare on your own data: one JSON value a line; - is stdin')
    .option('--contract <module>', 'their type; else of a running peer [channel], or inferred')
    .option('--rows <count>', 'rows to read at most', upTo(MAX_ROWS), maxSampleRows)
    .option('--bytes <count>', 'bytes to read at most', upTo(MAX_BYTES), maxSampleBytes)
    .option('--quick', 'short rounds: the order of a figure')
    .option('--markdown', 'print the report as Markdown')
    .option('--html <file>', 'write the report as a page with charts')
    .option('--types <file>', 'write the inferred type as a TypeScript module')
}

function upTo(most: number): (text: string) => number {
  return (text) => {
    const value = countingNumber(text)
    if (value <= most) return value
    throw new InvalidArgumentError(`At most ${most} is wanted.`)
  }
}

/** Without --sample these mean nothing. */
export function refuseStray(options: Partial<CompareOptions>): void {
  for (const name of ['contract', 'quick', 'markdown', 'html', 'types'] as const) {
    if (options[name] === undefined) continue
    throw wrongUsage(`--${name} needs --sample`, 'earshot codecs --sample rows.ndjson')
  }
}

export async function compareSample(
  channel: string | undefined,
  options: CompareOptions,
): Promise<void> {
  heedSignals()
  const { sample: file, rows, bytes, quick = false } = options
  if (options.json && options.markdown) throw wrongUsage('two forms at once', 'choose one')
  const sample = await readSample(file, { maxRows: rows, maxBytes: bytes })
  if (sample.cut !== undefined) say(`note: ${sample.cut}`)
  const typed = await typedSample(sample, channel, options)
  const { typescript } = typed
  if (options.types !== undefined) {
    if (typescript === undefined) throw wrongUsage('no type was inferred', 'leave out --types')
    write(options.types, typescript)
  }
  const source = { file: sample.file, bytes: sample.bytes, cut: sample.cut, quick }
  const comparison = await compareCodecs(typed, source, progressLine())
  const report = reportOf(comparison)
  if (options.html !== undefined) write(options.html, reportHtml(report))
  if (options.json) return print(jsonText(comparison))
  const text = options.markdown ? reportMarkdown(report) : reportText(report)
  // Names of fields are somebody's: what a terminal would obey is made visible.
  for (const line of text.trimEnd().split('\n')) print(visible(line))
}

async function typedSample(
  sample: Sample,
  wanted: string | undefined,
  { contract, reply, mesh, wait }: CompareOptions,
): Promise<TypedSample> {
  const part: Part = reply ? 'reply' : 'body'
  if (contract !== undefined) return sampleOf(sample, await channelIn(contract, wanted), part)
  if (wanted === undefined) {
    if (reply) throw wrongUsage('--reply needs a channel', 'name it, or leave out --reply')
    return inferredSample(sample)
  }
  const { definition } = await visit({ mesh }, (peer) =>
    findChannel(peer, { channel: wanted, waitMs: wait, kinds: [] }),
  )
  return sampleOf(sample, definition, part)
}

function write(path: string, text: string): void {
  try {
    writeFileAtOnce(path, text)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw wrongUsage(`${visible(path)} cannot be written: ${code ?? message}`, 'check the path')
  }
  say(`wrote ${visible(path)}`)
}
