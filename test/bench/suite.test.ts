// `npm run bench -- --quick <name>` as a user runs it. Its times are never compared with anything.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Section } from 'earshot/report'
import { tableText } from 'earshot/report'
import { XMLValidator } from 'fast-xml-parser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChainFigures } from '../../bench/chain/figures.ts'
import { chainPicture } from '../../bench/chain/picture.ts'
import { chainView } from '../../bench/chain/view.ts'
import type { DiscoveryFigures, Times } from '../../bench/discovery/figures.ts'
import { discoveryView } from '../../bench/discovery/view.ts'
import type { FanOutFigures } from '../../bench/fan-out/figures.ts'
import { fanOutView } from '../../bench/fan-out/view.ts'
import type { LatencyFigures } from '../../bench/latency/figures.ts'
import { latencyView } from '../../bench/latency/view.ts'
import type { BenchDocument } from '../../bench/main.ts'
import type { MemoryFigures } from '../../bench/memory/figures.ts'
import { memoryView } from '../../bench/memory/view.ts'
import type { OneWayFigures } from '../../bench/one-way/figures.ts'
import { oneWayView } from '../../bench/one-way/view.ts'
import type { PoliciesFigures } from '../../bench/policies/figures.ts'
import { policiesView } from '../../bench/policies/view.ts'
import type { StylesFigures } from '../../bench/styles/figures.ts'
import { stylesView } from '../../bench/styles/view.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../../dist/bench/main.js')

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-bench-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function bench<F>(name: string, view: (figures: F) => Section): Promise<F> {
  const out = join(folder, name)
  const args = [main, name, '--quick', '--json', '--out', out]
  const { stdout, stderr } = await run(process.execPath, args, { maxBuffer: 1 << 24 })
  expect(stderr).toContain(`${name}: `)
  const document = JSON.parse(stdout) as BenchDocument
  expect(document.failures).toEqual([])
  expect(document.machine.node).toBe(process.version)
  const figures = (document.components as Record<string, unknown>)[name] as F
  const { parts } = view(figures)
  await checkReports(out, document, parts.length > 0)
  for (const { table } of parts) {
    for (const line of tableText(table).split('\n')) {
      expect([...line].length, line).toBeLessThanOrEqual(80)
    }
  }
  return figures
}

async function checkReports(out: string, document: BenchDocument, hasParts: boolean) {
  const read = (file: string) => readFile(join(out, file), 'utf8')
  expect(JSON.parse(await read('bench.json'))).toEqual(document)
  const html = await read('bench.html')
  expect(html).not.toMatch(/https?:|\/\/[a-z]|<script|<link|<img|<iframe|url\(|@import|NaN/i)
  const body = html.replace('<!doctype html>', '').replaceAll(/<meta [^>]*>/g, '')
  expect(XMLValidator.validate(body)).toBe(true)
  expect(html.includes('<svg')).toBe(hasParts)
  const markdown = await read('bench.md')
  for (const text of [document.machine.cpu, 'Method', 'Caveats']) expect(markdown).toContain(text)
}

describe('npm run bench -- --quick', () => {
  it('one-way has a figure for each system, size, codec and trust, and loses nothing', async () => {
    const figures = await bench<OneWayFigures>('one-way', oneWayView)
    const { opaque, encrypted, ticks, nobody, fanIn } = figures
    expect(opaque.rows.map(({ size }) => size)).toEqual([100, 'mixed'])
    for (const { earshot, zeromq, net } of opaque.rows) {
      for (const figure of [earshot, zeromq, net]) expect(figure.median).toBeGreaterThan(0)
    }
    expect(opaque).toMatchObject({ lost: 0, received: opaque.sent })
    expect(encrypted.map(({ size }) => size)).toEqual([100])
    const rows = ticks.map(({ codec, encrypted: isEncrypted }) => [codec, isEncrypted])
    expect(rows.filter(([, isEncrypted]) => isEncrypted)).toEqual([['avro', true]])
    expect(new Set(rows.map(([codec]) => codec))).toEqual(
      new Set(['json', 'msgpack', 'avro', 'protobuf', 'mixed']),
    )
    for (const { exact, published, received, missed, subscribers } of ticks) {
      expect(exact).toBe(true)
      expect(received + missed).toBe(published * subscribers)
    }
    expect(nobody.bytesNs).toBeGreaterThan(0)
    expect(fanIn).toMatchObject({ senders: 4, lost: 0, received: fanIn.sent })
  })

  it('latency has percentiles at each rate, and all systems alone and in flight', async () => {
    const { alone, atRates, many, inFlight } = await bench<LatencyFigures>('latency', latencyView)
    expect(alone.map(({ system }) => system)).toEqual(['earshot', 'zeromq', 'net'])
    expect(many.map(({ system }) => system)).toEqual(['earshot', 'zeromq', 'net'])
    expect(inFlight).toBe(256)
    expect(atRates.map(({ rate }) => rate)).toEqual([10, 100, 1_000, 10_000])
    for (const { count, rate, seconds, failed, ...times } of atRates) {
      expect(failed).toBe(0)
      expect(count).toBeGreaterThan(0)
      expect(seconds * rate).toBeGreaterThan(0)
      expect(times.p50Us).toBeLessThanOrEqual(times.p99Us)
      expect(times.p99Us).toBeLessThanOrEqual(times.maxUs)
      expect(times.zeromqP50Us).toBeGreaterThan(0)
      expect(times.netP50Us).toBeGreaterThan(0)
    }
  })

  it('fan-out has 1 and 50 subscribers with exact gaps, a mesh, a peer at rest', async () => {
    const { one, fifty, ratio, mesh, idle } = await bench<FanOutFigures>('fan-out', fanOutView)
    expect(one).toMatchObject({ subscribers: 1, processes: 1, exact: true })
    expect(fifty).toMatchObject({ subscribers: 50, processes: 4, exact: true })
    expect(ratio).toBeGreaterThan(0)
    expect(mesh).toMatchObject({ peers: 20, processes: 4, failed: 0 })
    expect(mesh.deliveredPerSecond).toBeGreaterThan(0)
    expect(idle.links).toBe(20)
    expect(idle.cpuPercent).toBeGreaterThanOrEqual(0)
  })

  it('policies has a figure of each round for each client', async () => {
    const { rows } = await bench<PoliciesFigures>('policies', policiesView)
    expect(rows.map(({ client }) => client)).toEqual(['off', 'default', 'fallback', 'hedge'])
    for (const { ns } of rows) expect(ns.runs).toHaveLength(11)
  })

  it('styles has times of calls, cancelled ones and questions to all, and rates', async () => {
    const figures = await bench<StylesFigures>('styles', stylesView)
    expect(figures.crowd).toBe(10)
    for (const times of [
      figures.roundTrip,
      figures.cancel,
      figures.one,
      figures.each,
      figures.all,
    ]) {
      expect(times.p50Us.median).toBeGreaterThan(0)
      expect(times.p50Us.median).toBeLessThanOrEqual(times.p99Us.median)
    }
    expect(figures.itemsPerSecond.median).toBeGreaterThan(0)
    expect(figures.eventsPerSecond.median).toBeGreaterThan(0)
    expect(stylesView(figures).findings).toHaveLength(4)
  })

  it('chain has what became of each call, and a picture of it that stands alone', async () => {
    const figures = await bench<ChainFigures>('chain', chainView)
    const picture = await readFile(join(folder, 'chain/chain.svg'), 'utf8')
    expect(picture).toBe(chainPicture(figures))
    expect(XMLValidator.validate(picture)).toBe(true)
    expect(picture).not.toMatch(/NaN|undefined|href|url\(|@import|<script/)
    expect(figures.storms.map(({ id }) => id)).toEqual(['overload', 'stall'])
    for (const { phases, runs } of figures.storms) {
      for (const run of [runs.guarded, runs.naive]) {
        expect(run.phases).toHaveLength(phases.length)
        expect(run.answered).toHaveLength(run.inVain.length)
        for (const [at, found] of run.phases.entries()) {
          const { offeredPerSecond, goodPerSecond, others } = found
          const calls = offeredPerSecond * (phases[at]?.seconds ?? 0)
          const good = goodPerSecond * (phases[at]?.seconds ?? 0)
          const bad = Object.values(others).reduce((sum, count) => sum + count, 0)
          expect(calls).toBeGreaterThan(0)
          expect(good + bad).toBeCloseTo(calls)
        }
      }
    }
  })

  it('discovery has times of each system, or says why it has none', async () => {
    const figures = await bench<DiscoveryFigures>('discovery', discoveryView)
    const { notMeasured, pairs, crowds } = figures
    if (notMeasured !== undefined) {
      expect(discoveryView(figures).findings).toEqual([`Not measured: ${notMeasured}.`])
      return
    }
    const slow = ['cote', 'moleculer']
    const measured = ['mdns', 'bonjour', 'peer', 'host', ...slow]
    expect(pairs.map(({ system }) => system)).toEqual(measured)
    expect([...pairs, ...crowds].flatMap(({ failed }) => failed)).toEqual([])
    for (const { system, newcomerKnows, runningSees } of pairs) {
      for (const { p50Ms, p99Ms, count } of [newcomerKnows as Times, runningSees as Times]) {
        expect(p50Ms).toBeGreaterThan(0)
        expect(p50Ms).toBeLessThanOrEqual(p99Ms)
        expect(count).toBe(slow.includes(system) ? 1 : 2)
      }
    }
    const noticing = (gone: 'leave' | 'killed') =>
      pairs.flatMap((pair) => (pair[gone] ? [pair.system] : []))
    expect(noticing('leave')).toEqual(measured.filter((system) => system !== 'cote'))
    expect(noticing('killed')).toEqual(['peer', 'host', 'moleculer'])
    expect(crowds.map(({ system }) => system)).toEqual(['mdns', 'bonjour'])
    for (const { peers, knowsAll, togetherMs, packetsPerPeer, newcomerKnows } of crowds) {
      expect([peers, newcomerKnows?.count]).toEqual([10, 2])
      expect(knowsAll?.p50Ms).toBeGreaterThan(0)
      expect(togetherMs).toBeGreaterThanOrEqual(knowsAll?.p50Ms as number)
      expect(packetsPerPeer).toBeGreaterThanOrEqual(1)
    }
  })

  it('memory has samples under both overloads, an exact gap, and no loss', async () => {
    const { stopped, slow } = await bench<MemoryFigures>('memory', memoryView)
    for (const { samplesMiB, grows } of [stopped.publisher, slow.sender, slow.receiver]) {
      expect(samplesMiB).toHaveLength(4)
      expect(grows).toBe(false)
    }
    const { received, missed, published, exact } = stopped.gap
    expect(exact).toBe(true)
    expect(received + missed).toBe(published)
    expect(slow).toMatchObject({ lost: 0, handled: slow.sent })
  })
})

describe('a wrong word', () => {
  it.each([
    { words: ['speed'], said: '"speed" is no benchmark: one-way, latency' },
    { words: ['gate', 'memory'], said: 'gate runs alone' },
    { words: ['--fast'], said: "'--fast'" },
  ])('ends with 1 and one line for $words', async ({ words, said }) => {
    const failed = await run(process.execPath, [main, ...words]).catch((error) => error)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toContain(said)
    expect(failed.stdout).toBe('')
  })
})

describe('a reader who has seen enough', () => {
  it('is no error: what was measured is done with', async () => {
    const child = spawn(process.execPath, [main, '--help'])
    child.stdout.destroy()
    let complaints = ''
    child.stderr.on('data', (data) => {
      complaints += data
    })
    const [code] = await once(child, 'close')
    expect([code, complaints]).toEqual([0, ''])
  })
})
