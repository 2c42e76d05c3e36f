// Owns calls with more than one answer: items of a stream, a talk over stdin, answers of all peers.
// Never holds items back: each is a line when it comes, as fast as stdout takes them.

import { once } from 'node:events'
import {
  bodyToJson,
  type Channel,
  type Duplex,
  type Peer,
  type Scatter,
  type ScatterOptions,
  type StreamOptions,
} from 'earshot'
import { checkedBody, readJsonLines } from './body.ts'
import { exitCodes, Failure } from './failure.ts'
import type { Found } from './find-channel.ts'
import { stop } from './stop.ts'
import { jsonText, print, say, visible } from './terminal.ts'

export interface ManyOptions {
  readonly timeout: number
  readonly header?: Readonly<Record<string, string>>
  readonly count?: number
  readonly json?: boolean
}

type Client = Readonly<Record<string, unknown>>
type Read = (body: unknown, options: StreamOptions) => AsyncIterableIterator<unknown>
type Talk = (options: StreamOptions) => Duplex<unknown, unknown>

/** Prints the items of a stream, one JSON a line, until its end, enough of them, or Ctrl-C. */
export async function callStream(
  peer: Peer,
  { rebuilt, definition }: Found,
  body: unknown,
  options: ManyOptions,
): Promise<void> {
  const read = (peer.client(rebuilt) as Client)[definition.name] as Read
  await printItems(definition, read(body, streamOptions(options)), options)
}

/**
 * Says what comes on stdin, one JSON a line, or `first` alone, and prints what is said back.
 * @param first what stood on the command line; undefined: stdin
 */
export async function callDuplex(
  peer: Peer,
  { rebuilt, definition }: Found,
  first: unknown,
  options: ManyOptions,
): Promise<void> {
  const open = (peer.client(rebuilt) as Client)[definition.name] as Talk
  const talk = open(streamOptions(options))
  const saying = first === undefined ? sayLines(talk, definition) : sayOne(talk, first)
  // A line that does not fit ends the talk; how it ended otherwise is told by what is read.
  let unfit: unknown
  const said = saying.catch((error: unknown) => {
    if (error instanceof Failure) unfit = error
    return talk.return?.()
  })
  try {
    await printItems(definition, talk, options)
  } finally {
    process.stdin.destroy()
  }
  await said
  if (unfit !== undefined) throw unfit
}

/** Prints the answer of each peer that serves the channel, and who gave none. */
export async function callScatter(
  peer: Peer,
  { rebuilt, definition }: Found,
  body: unknown,
  { timeout: withinMs, header: headers, json }: ManyOptions,
): Promise<void> {
  const ask = (peer.client(rebuilt) as Client)[definition.name] as Scatter<unknown, unknown>
  const options: ScatterOptions = { withinMs, signal: stop, ...(headers && { headers }) }
  const { answers, silent, failed } = await ask(body, options)
  const given = answers.map(({ from, answer }) => {
    return { from, answer: bodyToJson(definition, answer, 'reply') }
  })
  if (json) {
    const failures = failed.map(({ from, error }) => ({ from, error: error.toJSON() }))
    print(jsonText({ answers: given, silent, failed: failures }))
  } else for (const { from, answer } of given) print(`${visible(from.name)} ${jsonText(answer)}`)
  for (const { from, why } of silent) say(visible(`${from.name}: ${why}`))
  for (const { from, error } of failed)
    say(visible(`${from.name}: ${error.message} (${error.code})`))
  if (given.length > 0) return
  const text = `nobody answered: ${silent.length} silent, ${failed.length} failed`
  const data = { silent: silent.length, failed: failed.length }
  throw new Failure(exitCodes.failed, text, 'wait longer: --timeout 10000', {
    data,
    ...(json && { document: { answers: [], silent, failed: failed.length } }),
  })
}

function streamOptions({ timeout, header: headers }: ManyOptions): StreamOptions {
  return { timeoutMs: timeout, signal: stop, ...(headers && { headers }) }
}

async function printItems(
  definition: Channel,
  items: AsyncIterable<unknown>,
  { count = Number.POSITIVE_INFINITY }: ManyOptions,
): Promise<void> {
  let printed = 0
  try {
    for await (const item of items) {
      print(jsonText(bodyToJson(definition, item, 'reply')))
      if (++printed >= count) return
      // The stream waits for whoever reads our output.
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain', { signal: stop })
    }
  } catch (error) {
    // Ctrl-C, or a reader of ours who has left: that is how most streams end.
    if (!stop.aborted) throw error
  }
}

async function sayOne(talk: Duplex<unknown, unknown>, body: unknown): Promise<void> {
  await talk.ready()
  talk.send(body)
  talk.end()
}

async function sayLines(talk: Duplex<unknown, unknown>, definition: Channel): Promise<void> {
  await talk.ready()
  for await (const lines of readJsonLines()) {
    for (const { json, where } of lines) {
      await talk.ready()
      talk.send(checkedBody(definition, json, where))
    }
  }
  talk.end()
}
