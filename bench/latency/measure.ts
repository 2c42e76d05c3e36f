// Owns the component `latency`: requests one at a time, at fixed rates, and many in flight.
// Never corrects anything afterwards: at a fixed rate times count from when a request was due.

import { figureOf } from 'earshot/report'
import type { BaselineName } from '../baseline/adapter.ts'
import { baselinePaced, baselineRequests } from '../baseline/baseline.ts'
import { type Percentiles, type Ran, startServer } from '../process/command.ts'
import type { Effort, Progress } from '../process/effort.ts'
import type { AloneRow, LatencyFigures, RateRow, System } from './figures.ts'

const IN_FLIGHT = 256
const systems: readonly System[] = ['earshot', 'zeromq', 'net']

interface Asked {
  readonly alone: Percentiles
  readonly perSecond: number
}

export async function measureLatency(effort: Effort, progress: Progress): Promise<LatencyFigures> {
  const { rounds } = effort
  const found = new Map<System, Asked[]>(systems.map((system) => [system, []]))
  let transport = ''
  for (let round = 1; round <= rounds; round++) {
    for (const system of systems) {
      progress(`requests, ${system}, round ${round} of ${rounds}`)
      if (system === 'earshot') {
        const ran = await runCommand(effort, ['latency', 'requests'], [])
        transport = ran.transport
        found.get(system)?.push(askedOf(ran))
      } else found.get(system)?.push(await askBaseline(system, effort))
    }
  }
  const atRates = await measureRates(effort, progress)
  const asked = (system: System) => found.get(system) as Asked[]
  return {
    alone: systems.map((system) => aloneRow(system, asked(system))),
    atRates,
    inFlight: IN_FLIGHT,
    many: systems.map((system) => {
      return { system, perSecond: figureOf(asked(system).map(({ perSecond }) => perSecond)) }
    }),
    transport,
  }
}

async function measureRates(effort: Effort, progress: Progress): Promise<RateRow[]> {
  const { rates, seconds } = effort
  const tell = (system: System) => progress(`requests at fixed rates, ${system}`)
  tell('earshot')
  const { atRates = [] } = (await runCommand(effort, ['latency'], rates)).latency ?? {}
  const paces = atRates.map((row) => ({ rate: row.rate, total: row.count + row.failed }))
  tell('zeromq')
  const zeromq = await baselinePaced('zeromq', paces, seconds)
  tell('net')
  const net = await baselinePaced('net', paces, seconds)
  return atRates.map((row, index) => ({
    ...row,
    zeromqP50Us: zeromq[index]?.p50Us ?? Number.NaN,
    netP50Us: net[index]?.p50Us ?? Number.NaN,
  }))
}

function askBaseline(system: BaselineName, effort: Effort): Promise<Asked> {
  return baselineRequests(system, IN_FLIGHT, effort)
}

async function runCommand(
  { seconds, warmUpMs }: Effort,
  names: readonly string[],
  rates: readonly number[],
): Promise<Ran> {
  const server = await startServer()
  try {
    return await server.run([
      ...names,
      ...['--seconds', String(seconds), '--warm-up', String(warmUpMs / 1_000)],
      ...['--in-flight', String(IN_FLIGHT), '--rate', rates.join(',') || 'none'],
    ])
  } finally {
    await server.end()
  }
}

function askedOf({ latency, requests }: Ran): Asked {
  if (!latency || !requests) throw new Error('earshot bench run left out what it was asked for')
  return { alone: latency.oneAtATime, perSecond: requests.perSecond }
}

function aloneRow(system: System, asked: readonly Asked[]): AloneRow {
  const sorted = asked.map(({ alone }) => alone).sort((one, other) => one.p50Us - other.p50Us)
  return {
    system,
    p50Us: figureOf(sorted.map(({ p50Us }) => p50Us)),
    p99Us: figureOf(sorted.map(({ p99Us }) => p99Us)),
    all: sorted[Math.floor(sorted.length / 2)] as Percentiles,
  }
}
