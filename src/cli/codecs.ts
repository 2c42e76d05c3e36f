// Owns `earshot codecs`: who speaks which codec, and what one message becomes in each of them.
// Never sends the message, and leaves the comparison on a sample to compare/.

import { gzipSync } from 'node:zlib'
import type { Command } from 'commander'
import {
  type CodecName,
  codecNames,
  encode,
  isEarshotError,
  type Part,
  type RemotePeer,
} from 'earshot'
import { checkedBody, readJson } from './body.ts'
import { type CompareOptions, compareSample, refuseStray, withSample } from './compare/command.ts'
import { askPeer, nameOf } from './door.ts'
import { wrongUsage } from './failure.ts'
import { type Found, findChannel } from './find-channel.ts'
import { hearAll } from './hear-all.ts'
import { withMesh } from './options.ts'
import { shapeText } from './shape-text.ts'
import { type Column, paragraph, tableLines } from './table.ts'
import { jsonText, paint, print, terminalColumns } from './terminal.ts'
import { visit } from './visit.ts'

interface CodecsOptions extends Partial<CompareOptions> {
  readonly mesh: string
  readonly wait: number
}

/** One message in one codec, or why it cannot be. */
type Encoding =
  | {
      readonly codec: CodecName
      readonly bytes: number
      readonly gzipBytes: number
      readonly hex: string
    }
  | { readonly codec: CodecName; readonly problem: string }

const about: Readonly<Record<CodecName, string>> = {
  json: 'text, describes itself, the largest',
  msgpack: 'binary JSON, describes itself',
  avro: 'binary by schema, the smallest; no field names',
  protobuf: 'binary by field numbers',
}

const examples = `
Examples:
  $ earshot codecs
  $ earshot codecs shop.orders/place '{"sku":"x","n":1}'
  $ earshot codecs shop.orders/place '{"ok":true}' --reply
  $ earshot codecs --sample orders.ndjson --html codecs.html
  $ earshot codecs place --sample orders.ndjson --contract orders.js`

export function addCodecs(program: Command): void {
  const command = program
    .command('codecs')
    .summary('who speaks what, and how large a message is in each')
    .description(
      'Without arguments: the codecs, and which peers speak them in what order.\n' +
        "With a channel and a body: that message in each codec, by a running peer's contract.\n" +
        'With --sample: the codecs on your own data, in bytes, time, latency and break-even.',
    )
    .argument('[channel]', 'shop.orders/place, or place alone')
    .argument('[json]', 'the body; - reads it from stdin', undefined)
    .option('-r, --reply', 'the JSON is the reply to a request')
    .addHelpText('after', examples)
  withMesh(withSample(command)).action(run)
}

async function run(
  channel: string | undefined,
  json: string | undefined,
  options: CodecsOptions,
): Promise<void> {
  const { sample } = options
  if (sample !== undefined) {
    if (json === undefined) return await compareSample(channel, options as CompareOptions)
    throw wrongUsage('a body and a sample', 'leave out the body: the rows are in the file')
  }
  refuseStray(options)
  await (channel === undefined ? speakers(options) : compare(channel, json, options))
}

async function speakers({ mesh, wait, json }: CodecsOptions): Promise<void> {
  const peers = await visit({ mesh }, async (peer) =>
    Promise.all((await hearAll(peer, wait)).map((remote) => spokenBy(remote, mesh))),
  )
  if (json) {
    const codecs = codecNames.map((name) => ({ name, about: about[name] }))
    return print(jsonText({ mesh, codecs, peers }))
  }
  const codecColumns = [{ title: 'CODEC' }, { title: 'WHAT IT IS' }]
  const rows = codecNames.map((name) => [name, about[name]])
  printTable(codecColumns, rows)
  print('')
  if (peers.length === 0) return print(`no peer was heard in mesh "${mesh}" within ${wait} ms`)
  const peerColumns = [{ title: 'PEER', shrinks: true }, { title: 'SPEAKS, BEST FIRST' }]
  printTable(
    peerColumns,
    peers.map((peer) => [nameOf(peer), peer.codecs?.join(', ') ?? `unknown: ${peer.problem}`]),
  )
}

async function spokenBy(
  remote: RemotePeer,
  mesh: string,
): Promise<{
  id: string
  name: string
  codecs?: string[]
  problem?: string
}> {
  const { id, name } = remote
  try {
    const { hello } = await askPeer(remote, { op: 'hello' }, mesh)
    const { codecs } = Object(hello) as { codecs?: unknown }
    const told = Array.isArray(codecs) ? codecs.filter((one) => typeof one === 'string') : []
    return { id, name, codecs: told }
  } catch (error) {
    return { id, name, problem: error instanceof Error ? error.message : String(error) }
  }
}

async function compare(
  channel: string,
  argument: string | undefined,
  { mesh, wait, json: asJson, reply }: CodecsOptions,
): Promise<void> {
  const json = await readJson(argument)
  const found = await visit({ mesh }, (peer) =>
    findChannel(peer, { channel, waitMs: wait, kinds: [] }),
  )
  const { definition, title, remote } = found
  const part: Part = reply ? 'reply' : 'body'
  if (reply && !definition.replyShape) {
    throw wrongUsage(`${title} has no reply: it is a ${definition.kind}`, 'leave out --reply')
  }
  const body = checkedBody(definition, json, reply ? 'the reply' : 'the body', part)
  const rows = codecNames.map((codec) => encoded(found, codec, body, part))
  const offered = found.channel.codecs
  if (asJson) {
    const { id, name } = remote
    return print(jsonText({ channel: title, part, peer: { id, name }, offered, codecs: rows }))
  }
  const shape = (reply ? definition.replyShape : definition.shape) ?? definition.shape
  const width = terminalColumns()
  for (const line of paragraph(`${title} ${part}: ${shapeText(shape)}`, width)) print(line)
  print('')
  showEncodings(rows, width)
  print('')
  for (const line of paragraph(`${nameOf(remote)} takes ${offered.join(', ')}`, width)) print(line)
}

function encoded({ definition }: Found, codec: CodecName, body: unknown, part: Part): Encoding {
  try {
    const bytes = Buffer.from(encode(definition, codec, body, part))
    const gzipBytes = gzipSync(bytes).length
    return { codec, bytes: bytes.length, gzipBytes, hex: bytes.toString('hex') }
  } catch (error) {
    if (!isEarshotError(error)) throw error
    return { codec, problem: error.message }
  }
}

function showEncodings(rows: readonly Encoding[], width: number): void {
  const columns: readonly Column[] = [
    { title: 'CODEC' },
    { title: 'BYTES', right: true },
    { title: 'GZIP', right: true },
    { title: 'BODY IN HEX', shrinks: true },
  ]
  const cells = rows.map((row) =>
    'problem' in row
      ? [row.codec, '–', '–', row.problem]
      : [row.codec, String(row.bytes), String(row.gzipBytes), spaced(row.hex)],
  )
  printTable(columns, cells, width)
}

/** The beginning, in pairs; the table cuts what does not fit. */
function spaced(hex: string): string {
  return hex.slice(0, 256).replace(/(..)(?=.)/g, '$1 ')
}

function printTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number = terminalColumns(),
): void {
  const [head = '', ...lines] = tableLines(columns, rows, width)
  print(paint('dim', head))
  for (const line of lines) print(line)
}
