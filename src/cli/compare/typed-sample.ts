// Owns the type of a sample: from a contract, from a running peer, or inferred from its rows.
// Never changes a row that fits: what does not is an error with its line.

import {
  type AnyContract,
  type Channel,
  type CodecName,
  codecNames,
  contractFromDescription,
  createCodec,
  fromSamples,
  isEarshotError,
  type Part,
  type SampleNote,
  type Shape,
  toTypeScript,
} from 'earshot'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { loadContracts } from '../load-contracts.ts'
import type { Row, Sample } from './sample-file.ts'

/** Messages of one type, and where they came from. */
export interface TypedSample {
  readonly title: string
  /** With the requests `echo`, of the type, and `carry`, of bytes. */
  readonly contract: AnyContract
  readonly shape: Shape
  readonly codecs: readonly CodecName[]
  readonly values: readonly unknown[]
  readonly lines: readonly number[]
  /** Of an inferred type: what is sure and what is not. */
  readonly notes: readonly SampleNote[]
  /** Of an inferred type: a module to go on with. */
  readonly typescript?: string
}

/** @throws Failure with the lines that no one type carries */
export function inferredSample({ rows, file }: Sample): TypedSample {
  const lines = rows.map(({ line }) => line)
  const values = rows.map(({ json }) => json)
  const where = (index: number) => `line ${lines[index]}`
  const { shape, notes } = inferred(file, () => fromSamples(values, { where }))
  const typescript = toTypeScript({ Sample: shape })
  const contract = echoContract(shape, codecNames)
  const title = 'a type inferred from the rows'
  return { title, contract, shape, codecs: codecNames, values, lines, notes, typescript }
}

function inferred<T>(file: string, infer: () => T): T {
  try {
    return infer()
  } catch (error) {
    if (!isEarshotError(error)) throw error
    const next = 'correct those rows, or say with --contract what their type is'
    const details = { code: error.code, data: error.toJSON() }
    throw new Failure(exitCodes.failed, `${file}: ${error.message}`, next, details)
  }
}

/** The rows as messages of a channel. @throws Failure with the line that does not fit */
export function sampleOf(sample: Sample, channel: Channel, part: Part): TypedSample {
  const shape = part === 'reply' ? channel.replyShape : channel.shape
  const title = `${channel.contract}/${channel.name}${part === 'reply' ? ' reply' : ''}`
  if (!shape) throw wrongUsage(`${title}: it is a ${channel.kind}`, 'leave out --reply')
  const json = createCodec(channel, 'json', part)
  const values = sample.rows.map(({ json: row, line }) => {
    const bytes = Buffer.from(JSON.stringify(row))
    try {
      return json.decode(bytes, 0, bytes.length)
    } catch (error) {
      if (!isEarshotError(error)) throw error
      const { message, path = '' } = error
      const text = `line ${line} of ${sample.file} does not fit ${title}: ${message}`
      const code = 'EARSHOT_BODY_INVALID'
      const next = 'correct the row, or leave out --contract to have a type inferred'
      throw new Failure(exitCodes.failed, text, next, { code, data: { line, path } })
    }
  })
  const codecs = channel.codecs ?? codecNames
  const lines = sample.rows.map(({ line }) => line)
  const notes = strangers(shape, sample.rows)
  return { title, contract: echoContract(shape, codecs), shape, codecs, values, lines, notes }
}

/** The channel of a module that is meant. @throws Failure when that is not clear */
export async function channelIn(file: string, wanted: string | undefined): Promise<Channel> {
  const all = (await loadContracts(file)).flatMap(({ channels }) => channels)
  const found = all.filter(
    ({ contract, name }) =>
      wanted === undefined || wanted === name || wanted === `${contract}/${name}`,
  )
  const [only] = found
  if (only && found.length === 1) return only
  const names = all.map(({ contract, name }) => `${contract}/${name}`).join(', ')
  const what = only ? 'several channels could be meant' : 'no such channel is in the contracts'
  throw wrongUsage(`${what}: ${names}`, 'say which: earshot codecs shop.orders/place --sample …')
}

function echoContract(shape: Shape, codecs: readonly CodecName[]): AnyContract {
  const bytes = { kind: 'bytes' }
  return contractFromDescription({
    name: 'earshot.compare',
    version: '1.0.0',
    channels: [
      { name: 'echo', kind: 'request', shape, replyShape: shape, codecs },
      { name: 'carry', kind: 'request', shape: bytes, replyShape: bytes },
    ],
  })
}

/** Fields of the rows that the contract does not have: a codec leaves them out. */
function strangers(shape: Shape, rows: readonly Row[]): SampleNote[] {
  if (shape.kind !== 'record') return []
  const known = new Set(shape.fields.map(({ name }) => name))
  const first = new Map<string, number>()
  for (const { json, line } of rows) {
    for (const key of Object.keys(json as object)) {
      if (!known.has(key) && !first.has(key)) first.set(key, line)
    }
  }
  return [...first].map(([key, line]): SampleNote => {
    const text = `not in the contract, first in line ${line}: no codec carries it`
    return { path: `/${key}`, kind: 'unknown', text }
  })
}
