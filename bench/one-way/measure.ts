// Owns the component `one-way`: what it measures, in which order, and what must hold.
// Never judges a speed: only losses fail.

import { type CodecName, codecNames } from 'earshot'
import { figureOf } from 'earshot/report'
import { baselineOneWay } from '../baseline/baseline.ts'
import { startServer } from '../process/command.ts'
import type { Effort, ItemSize, Progress, Times } from '../process/effort.ts'
import { startRole } from '../process/parent.ts'
import { measureSpread, type Spread } from '../process/spread.ts'
import { withMeeting } from '../roles/meeting.ts'
import type { ToNobody } from '../roles/nobody.ts'
import { measureFanIn } from './fan-in.ts'
import type { OneWayFigures, TickRow } from './figures.ts'

const secret = 'a secret for measuring alone'
const nobodyModule = new URL('../roles/nobody.js', import.meta.url)

export async function measureOneWay(effort: Effort, progress: Progress): Promise<OneWayFigures> {
  const bytes = await measureBytes(effort, progress)
  const ticks: TickRow[] = []
  for (const codec of [...codecNames, 'mixed'] as const) {
    progress(`ticks, ${codec}`)
    ticks.push(await measureTicks(codec, undefined, effort))
  }
  progress('ticks, avro, encrypted')
  ticks.push(await measureTicks('avro', secret, effort))
  progress('publish to nobody')
  const nobody = await withMeeting(async (meeting) => {
    const role = await startRole(nobodyModule, meeting)
    return await role.ask<ToNobody>('measure').finally(() => role.end())
  })
  progress('fan-in, 4 senders')
  const fanIn = await measureFanIn(4, effort)
  return { ...bytes, ticks, nobody, fanIn }
}

/** Rounds are outermost: a machine that slows down for a while slows down all alike. */
async function measureBytes(effort: Effort, progress: Progress) {
  const { rounds, sizes, encryptedSizes } = effort
  const found: Found = {
    earshot: new Map(),
    encrypted: new Map(),
    zeromq: new Map(),
    net: new Map(),
  }
  const counted = { sent: 0, received: 0, lost: 0, transport: '' }
  for (let round = 1; round <= rounds; round++) {
    const tell = (what: string) => progress(`opaque bytes, ${what}, round ${round} of ${rounds}`)
    for (const kind of ['earshot', 'encrypted'] as const) {
      tell(kind)
      const isPlain = kind === 'earshot'
      const list = isPlain ? sizes : encryptedSizes
      const { oneWay, transport } = await runCommand(list, effort, isPlain ? '' : secret)
      counted.transport = transport
      for (const one of oneWay) {
        add(found[kind], one.size, one.perSecond)
        counted.sent += one.sent
        counted.received += one.received
        counted.lost += one.lost + one.repeated
      }
    }
    for (const system of ['zeromq', 'net'] as const) {
      tell(system)
      for (const size of sizes) add(found[system], size, await baselineOneWay(system, size, effort))
    }
  }
  const figure = (of: keyof Found, size: ItemSize) => figureOf(found[of].get(size) ?? [])
  const rows = sizes.map((size) => {
    const [earshot, zeromq, net] = [
      figure('earshot', size),
      figure('zeromq', size),
      figure('net', size),
    ]
    return { size, earshot, zeromq, net }
  })
  const encrypted = encryptedSizes.map((size) => {
    return { size, plain: figure('earshot', size), encrypted: figure('encrypted', size) }
  })
  return { opaque: { rows, ...counted }, encrypted }
}

/** Rates of all rounds, by size. */
type Found = Readonly<Record<'earshot' | 'encrypted' | 'zeromq' | 'net', Map<ItemSize, number[]>>>

function add(rates: Map<ItemSize, number[]>, size: ItemSize, rate: number): void {
  rates.set(size, [...(rates.get(size) ?? []), rate])
}

async function runCommand(sizes: readonly ItemSize[], times: Times, withSecret: string) {
  const server = await startServer(withSecret)
  try {
    const { oneWay = [], transport } = await server.run([
      ...['one-way', '--size', sizes.join(',')],
      ...['--seconds', String(times.seconds), '--warm-up', String(times.warmUpMs / 1_000)],
    ])
    return { oneWay, transport }
  } finally {
    await server.end()
  }
}

/** One publisher that speaks all codecs; a subscriber for each codec wanted, in one process. */
async function measureTicks(
  codec: CodecName | 'mixed',
  withSecret: string | undefined,
  effort: Effort,
): Promise<TickRow> {
  const subscribers: CodecName[][] = codec === 'mixed' ? codecNames.map((one) => [one]) : [[codec]]
  const runs: Spread[] = []
  for (let round = 0; round < effort.rounds; round++) {
    const job = { channel: 'tick', processes: [subscribers], times: effort } as const
    runs.push(await measureSpread({ ...job, ...(withSecret && { secret: withSecret }) }))
  }
  const sum = (of: (run: Spread) => number) => runs.reduce((total, run) => total + of(run), 0)
  return {
    codec,
    encrypted: withSecret !== undefined,
    subscribers: subscribers.length,
    publishedPerSecond: figureOf(runs.map((run) => run.publishedPerSecond)),
    deliveredPerSecond: figureOf(runs.map((run) => run.deliveredPerSecond)),
    published: sum((run) => run.published),
    received: sum((run) => run.received),
    missed: sum((run) => run.missed),
    exact: runs.every((run) => run.exact),
  }
}
