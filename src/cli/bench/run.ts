// Owns `earshot bench run`: which measurements, in which order, with which other side.
// Never draws: `show.ts` does, from the document that `--json` prints.

import { hostname } from 'node:os'
import { type Command, InvalidArgumentError } from 'commander'
import type { Listen, Peer, RemotePeer } from 'earshot'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { countingNumber, type MeshOptions, withListen, withMesh } from '../options.ts'
import { print, say } from '../terminal.ts'
import { Bench, LEAST_ITEM_BYTES } from './contract.ts'
import { findServer, visitServer } from './find-server.ts'
import { type Ask, type AtRate, atRate, inFlight, oneAtATime } from './latency.ts'
import { type ItemSize, measureOneWay, type OneWay } from './one-way.ts'
import type { RunDocument } from './run-document.ts'
import { documentText, shown } from './show.ts'

const names = ['one-way', 'latency', 'requests'] as const

export type RunName = (typeof names)[number]

interface RunOptions extends MeshOptions {
  readonly size: readonly ItemSize[]
  readonly seconds: number
  readonly warmUp: number
  readonly rate: readonly number[]
  readonly inFlight: number
  readonly listen?: Listen
  readonly peer?: string
  readonly connect?: string
}

const REQUEST_BYTES = 64
/** A fixed rate is held for at least so many requests, however long that takes. */
const LEAST_REQUESTS = 10
const MAX_ITEM_BYTES = 8_388_608
const MAX_RATE = 200_000
const MAX_IN_FLIGHT = 32_768
const MAX_SECONDS = 3_600

const examples = `
Measurements: one-way (items as fast as they are taken), latency (one at a time, then at fixed
rates), requests (many in flight). Without a name: all three.

Examples:
  $ earshot bench run
  $ earshot bench run one-way --size 16,1024,mixed --seconds 5
  $ earshot bench run latency --rate 10,1000 --json
  $ EARSHOT_SECRET=… earshot bench run --listen lan           with a server on another host`

export function addRun(bench: Command): void {
  const command = bench
    .command('run')
    .summary('measure with earshot bench serve')
    .description('Measures between this process and one that runs earshot bench serve.')
    .argument('[names...]', names.join(', '))
    .option('--size <bytes>', 'of items, several with commas; or mixed', sizes, [16, 100, 1_024])
    .option('--seconds <n>', 'of each measurement, may be a fraction', seconds, 2)
    .option('--warm-up <n>', 'seconds before throughput is measured', seconds, 0.7)
    .option(
      '--rate <n>',
      'requests per second, several with commas; or none',
      rates,
      [100, 1_000, 10_000],
    )
    .option('--in-flight <n>', 'requests that wait at once', lanes, 256)
    .option('-p, --peer <name|id>', 'this server and no other')
    .option('--connect <endpoint>', 'tcp://host:port of the server, where it cannot be found')
    .addHelpText('after', examples)
  withListen(withMesh(command)).action(run)
}

async function run(words: readonly string[], options: RunOptions): Promise<void> {
  const wanted = words.length === 0 ? names : words.map(checkedName)
  const { mesh, listen, wait: waitMs, peer: from } = options
  const visiting = { mesh, listen, waitMs, from }
  const endpoint = options.connect ?? (await findServer(visiting))
  const document = await visitServer(endpoint, visiting, (peer, server) =>
    measure(peer, server, wanted, options),
  )
  print(options.json ? documentText(document) : shown(document).join('\n'))
  const lost = (document.oneWay ?? []).reduce((sum, one) => sum + one.lost + one.repeated, 0)
  if (lost === 0) return
  const text = `${lost} items were lost or repeated, which must not be`
  const next = 'please report it, with this output'
  throw new Failure(exitCodes.failed, text, next, { code: 'EARSHOT_INTERNAL', document })
}

async function measure(
  peer: Peer,
  server: RemotePeer,
  wanted: readonly RunName[],
  options: RunOptions,
): Promise<RunDocument> {
  const client = peer.client(Bench, { timeoutMs: 10_000 })
  const sender = peer.sender(Bench.item)
  await sender.ready()
  const body = new Uint8Array(REQUEST_BYTES)
  const ask: Ask = () => client.echo(body)
  const { id, name, host, transport } = server
  const secured = Boolean(process.env.EARSHOT_SECRET)
  const oneWay: OneWay[] = []
  for (const size of wanted.includes('one-way') ? options.size : []) {
    say(`one way, ${size === 'mixed' ? 'mixed sizes' : `${size} bytes`}`)
    oneWay.push(await measureOneWay({ client, sender }, size, options))
  }
  const latency = wanted.includes('latency') && (await measureLatency(ask, options))
  const requests = wanted.includes('requests') && (await measureRequests(ask, options))
  return {
    server: { id, name, host },
    from: hostname(),
    transport,
    secured,
    ...(oneWay.length > 0 && { oneWay }),
    ...(latency && { latency }),
    ...(requests && { requests }),
  }
}

async function measureLatency(ask: Ask, { seconds, rate: list }: RunOptions) {
  say('latency, one at a time')
  const alone = await oneAtATime(ask, seconds)
  const atRates: AtRate[] = []
  for (const rate of list) {
    say(`latency, ${rate} a second`)
    atRates.push(await atRate(ask, rate, Math.max(seconds, LEAST_REQUESTS / rate)))
  }
  return { oneAtATime: alone, atRates }
}

async function measureRequests(ask: Ask, { inFlight: count, ...times }: RunOptions) {
  say(`requests, ${count} in flight`)
  return await inFlight(ask, count, times)
}

function checkedName(word: string): RunName {
  const name = names.find((one) => one === word)
  if (name) return name
  throw wrongUsage(`"${word}" is no measurement`, `one or more of ${names.join(', ')}`)
}

function sizes(text: string): ItemSize[] {
  return text.split(',').map((one) => {
    if (one === 'mixed') return one
    return within(countingNumber(one), LEAST_ITEM_BYTES, MAX_ITEM_BYTES)
  })
}

function rates(text: string): number[] {
  if (text === 'none') return []
  return text.split(',').map((one) => within(countingNumber(one), 1, MAX_RATE))
}

function lanes(text: string): number {
  return within(countingNumber(text), 1, MAX_IN_FLIGHT)
}

function seconds(text: string): number {
  const value = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  return within(value, 0.05, MAX_SECONDS)
}

function within(value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value
  throw new InvalidArgumentError(`A number from ${least} to ${most} is wanted.`)
}
