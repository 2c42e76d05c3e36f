import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  childrenOf,
  createNamespace,
  endPrograms,
  example,
  inTerminal,
  isAlive,
  isRoot,
  Program,
} from './program.ts'

interface Document {
  readonly ok: boolean
  readonly processes: readonly { readonly role: string; readonly pid: number }[]
  readonly finds: readonly {
    readonly finder: string
    readonly found: string
    readonly afterMs: number
    readonly via: readonly string[]
  }[]
  readonly passed: Readonly<Record<string, string>>
  readonly failures: readonly { readonly part: string; readonly code: string }[]
  readonly notReached: readonly string[]
  readonly sizes: readonly { readonly codec: string; readonly requestBytes: number }[]
  readonly latencies: readonly { readonly codec: string; readonly p50Ms: number }[]
}

const codecs = ['json', 'msgpack', 'avro', 'protobuf']

async function runToEnd(command: readonly string[]): Promise<Document> {
  const demo = new Program(command)
  await demo.exited
  return JSON.parse(demo.output) as Document
}

/** Children that the demo has when all of them have started. */
async function companyOf(demo: Program): Promise<ReturnType<typeof childrenOf>> {
  await demo.until(/started: stock/)
  return childrenOf(demo.pid)
}

afterEach(endPrograms)

describe('the demo', () => {
  it('shows every codec in plain text and ends by itself with 0', async () => {
    const demo = new Program(example('demo'))
    expect(await demo.exited).toBe(0)
    for (const codec of codecs) {
      expect(demo.output).toMatch(new RegExp(`^ {2}${codec} +✔ request +3 items are reserved`, 'm'))
    }
    expect(demo.output).toContain('42 of 42 found by mDNS alone')
    expect(demo.output.match(/✔ notification/g)).toHaveLength(4)
    expect(demo.output.match(/heard by billing and shipping/g)).toHaveLength(4)
    expect(demo.output).toContain('all 30 parts passed')
    expect(demo.output).toBe(demo.text)
    expect(demo.errors).toBe('')
  })

  it('tells with --json who found whom, sizes and latencies, and leaves no process', async () => {
    const told = await runToEnd(example('demo', '--json'))
    expect(told.ok).toBe(true)
    const pairs = new Set(told.finds.map(({ finder, found }) => `${finder} ${found}`))
    expect(pairs.size).toBe(42)
    for (const { finder, found, via } of told.finds) {
      const back = told.finds.find((one) => one.finder === found && one.found === finder)
      expect([...via, ...(back?.via ?? [])]).toContain('mdns')
    }
    expect(told.sizes.map(({ codec }) => codec)).toEqual(codecs)
    const bytes = told.sizes.map(({ requestBytes }) => requestBytes)
    expect(Math.max(...bytes)).toBe(bytes[0])
    expect(told.latencies.every(({ p50Ms }) => p50Ms > 0)).toBe(true)
    expect(told.processes.filter(({ pid }) => isAlive(pid))).toEqual([])
  })

  it('fits in 80 columns of a terminal, with colours unless NO_COLOR is set', async () => {
    const coloured = new Program(inTerminal(example('demo'), 80))
    expect(await coloured.exited).toBe(0)
    expect(coloured.output).toContain('\u001b[32m')
    const lines = coloured.text.split('\n').filter((line) => !line.startsWith('  …'))
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    const plain = new Program(inTerminal(example('demo'), 80), { NO_COLOR: '1' })
    expect(await plain.exited).toBe(0)
    expect(plain.output).not.toContain('\u001b[32m')
  })

  it('refuses an argument that it does not know with 2', async () => {
    const demo = new Program(example('demo', '--jsn'))
    expect(await demo.exited).toBe(2)
    expect(demo.errors).toContain("'--jsn'")
  })
})

describe('a demo that is disturbed', () => {
  it('names the part, fails with 1 and leaves no process when a process hangs', async () => {
    const demo = new Program(example('demo'))
    const company = await companyOf(demo)
    const stock = company.find(({ command }) => command.includes('stock.js'))
    process.kill(stock?.pid ?? 0, 'SIGSTOP')
    expect(await demo.exited).toBe(1)
    expect(demo.output).toMatch(/✘ [a-z ]+ failed: EARSHOT_[A-Z_]+: .*/)
    expect(demo.output).toContain('process stock ended by SIGKILL because it had not left')
    expect(company.filter(({ pid }) => isAlive(pid))).toEqual([])
  })

  it('names the process that is killed', async () => {
    const demo = new Program(example('demo'))
    const company = await companyOf(demo)
    const till = company.find(({ command }) => command.includes('till.js'))
    process.kill(till?.pid ?? 0, 'SIGKILL')
    expect(await demo.exited).toBe(1)
    expect(demo.output).toContain('EARSHOT_PEER_GONE: process till ended by SIGKILL')
    expect(company.filter(({ pid }) => isAlive(pid))).toEqual([])
  })

  it('leaves no process when it is killed itself', async () => {
    const demo = new Program(example('demo'))
    const company = await companyOf(demo)
    demo.kill('SIGKILL')
    await demo.exited
    const isAnyAlive = () => company.some(({ pid }) => isAlive(pid))
    await vi.waitFor(() => expect(isAnyAlive()).toBe(false), { timeout: 30_000 })
  })
})

// Needs root and iproute2: makes a network namespace of its own.
describe.skipIf(!isRoot)('the demo in a network of its own', () => {
  it('needs nothing but loopback: no other interface, no route', async () => {
    const network = createNamespace('up')
    try {
      const told = await runToEnd([...network.run, ...example('demo', '--json')])
      expect(told.failures).toEqual([])
      expect(told.finds).toHaveLength(42)
    } finally {
      network.remove()
    }
  })

  it('fails with the code and the reason when loopback is down', async () => {
    const network = createNamespace('down')
    try {
      const demo = new Program([...network.run, ...example('demo')])
      expect(await demo.exited).toBe(1)
      expect(demo.output).toMatch(/✘ discovery by [a-z]+ failed: EARSHOT_DISCOVERY: .*lo up/)
      expect(demo.output).toMatch(/not reached: .*json, msgpack, avro, protobuf, bytes, latency/)
    } finally {
      network.remove()
    }
  })
})
