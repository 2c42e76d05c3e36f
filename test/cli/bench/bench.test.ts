// `earshot bench`: both sides as processes. Its times are never compared with anything.

import { afterAll, describe, expect, it } from 'vitest'
import { stamp } from '../../../src/cli/bench/contract.ts'
import { Tally } from '../../../src/cli/bench/serve.ts'
import { earshot, endAll, type Running, randomMesh, startCli } from '../support.ts'

const short = ['--seconds', '0.1', '--warm-up', '0.1', '--wait', '15000']

async function startServe(mesh: string, ...words: string[]): Promise<Running> {
  const server = startCli(['bench', 'serve', '--mesh', mesh, '--json', ...words])
  await server.until(/"ready":true/)
  return server
}

afterAll(endAll)

describe('earshot bench', () => {
  it('measures one way, latency and requests with --json, and loses nothing', async () => {
    const mesh = randomMesh()
    const server = await startServe(mesh)
    const words = ['--size', '16,mixed', '--rate', '100', '--in-flight', '8', '--json']
    const { code, stdout } = await earshot(['bench', 'run', '--mesh', mesh, ...short, ...words])
    expect(code).toBe(0)
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({ server: { name: 'earshot-bench' }, secured: false })
    expect(document.transport).toMatch(/^(ipc|tcp)$/)
    const { oneWay, latency, requests } = document
    expect(oneWay.map(({ size }: { size: unknown }) => size)).toEqual([16, 'mixed'])
    for (const one of oneWay) {
      expect(one).toMatchObject({ lost: 0, repeated: 0, received: one.sent })
      expect(one.perSecond).toBeGreaterThan(0)
    }
    expect(latency.oneAtATime.count).toBeGreaterThan(0)
    expect(latency.atRates).toMatchObject([{ rate: 100, count: 10, failed: 0 }])
    expect(requests).toMatchObject({ inFlight: 8 })
    expect(requests.perSecond).toBeGreaterThan(0)
    server.signal('SIGINT')
    expect((await server.end()).code).toBe(0)
  })

  it('prints tables of at most 80 columns, of what was asked for alone', async () => {
    const mesh = randomMesh()
    await startServe(mesh)
    const words = ['bench', 'run', 'one-way', 'requests', '--mesh', mesh, ...short]
    const { code, stdout, stderr } = await earshot(words)
    expect(code).toBe(0)
    expect(stdout).toMatch(/ONE WAY +ITEMS\/S +MB\/S +SENT +LOST/)
    expect(stdout).toContain('requests/s with 256 in flight: ')
    expect(stdout).not.toContain('P99')
    expect(stderr).toContain('one way, 100 bytes')
    for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80)
  })

  it('measures at an address with --connect and a secret, encrypted', async () => {
    const mesh = randomMesh()
    const env = { EARSHOT_SECRET: 'for this test alone' }
    const server = startCli(
      ['bench', 'serve', '--mesh', mesh, '--json', '--listen', '127.0.0.1'],
      env,
    )
    const [, endpoint = ''] = await server.until(/"(tcp:[^"]+)"/)
    const words = ['bench', 'run', 'one-way', '--size', '100', '--mesh', mesh, ...short, '--json']
    const { code, stdout } = await startCli([...words, '--connect', endpoint], env).end()
    expect(code).toBe(0)
    const [one] = JSON.parse(stdout).oneWay
    expect(JSON.parse(stdout)).toMatchObject({ secured: true, transport: 'tcp' })
    expect(one.lost).toBe(0)
  })

  it('ends with 3 and the next step when nobody serves', async () => {
    const words = ['bench', 'run', '--mesh', randomMesh(), '--wait', '50']
    const { code, stdout, stderr } = await earshot(words)
    expect(code).toBe(3)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/nobody serves earshot\.bench in mesh "cli-\w+" within 50 ms/)
    expect(stderr).toContain('next: start the other side: earshot bench serve')
  })

  it.each([
    { words: ['bench'], said: 'which side?' },
    { words: ['bench', 'run', 'speed'], said: '"speed" is no measurement' },
    { words: ['bench', 'run', '--size', '4'], said: 'A number from 8 to' },
    { words: ['bench', 'run', '--seconds', 'x'], said: 'A number from 0.05 to 3600' },
    { words: ['bench', 'run', '--in-flight', '0'], said: 'A whole number from 1' },
    { words: ['bench', 'serve', '--listen', 'a b'], said: '10.0.0.7:4000 is wanted' },
  ])('ends with 2 for $words', async ({ words, said }) => {
    const { code, stderr } = await earshot(words)
    expect(stderr).toContain(said)
    expect(code).toBe(2)
  })

  it('does not listen beyond this host without a secret, and says what to do', async () => {
    const { code, stderr } = await earshot(['bench', 'serve', '--listen', 'lan'])
    expect(code).toBe(1)
    expect(stderr).toContain('EARSHOT_INSECURE_LISTEN')
    expect(stderr).toMatch(/next: .*security/)
  })
})

describe('the tally of a server', () => {
  const item = (run: number, number: number) => {
    const body = new Uint8Array(16)
    stamp(body, run, number)
    return body
  }

  it('counts what is lost and what comes twice, by number', () => {
    const { begin, mark, item: take } = new Tally().handlers
    const { run } = begin({ by: 'test' }, never) as { run: number }
    for (const number of [0, 1, 4, 3, 5, 5]) take(item(run, number), never)
    expect(mark({ run }, never)).toMatchObject({ items: 6, bytes: 96, lost: 2, repeated: 2 })
  })

  it('does not count what another run has left, and refuses its marks', () => {
    const { begin, mark, item: take } = new Tally().handlers
    const first = begin({ by: 'test' }, never) as { run: number }
    const second = begin({ by: 'test' }, never) as { run: number }
    take(item(first.run, 7), never)
    take(item(second.run, 0), never)
    expect(mark(second, never)).toMatchObject({ items: 1, lost: 0, repeated: 0 })
    expect(() => mark(first, never)).toThrow('another run')
  })
})

/** The handlers do not look at their context. */
const never = undefined as never
