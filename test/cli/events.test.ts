// `earshot pub` and `earshot sub` against real peers, and against each other.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { earshot, endAll, lines, type Running, randomMesh, startCli, startShop } from './support.ts'

const mesh = randomMesh()
const inMesh = ['--mesh', mesh, '--wait', '6000']
let orders: Running & { id: string }

async function startSub(...words: string[]): Promise<Running> {
  const command = startCli(['sub', 'shop.orders/placed', ...inMesh, ...words])
  await command.until(/hearing shop\.orders\/placed of /, 'stderr')
  return command
}

function publish(shop: Running, ...ids: number[]): void {
  for (const id of ids) shop.write(`${JSON.stringify({ publish: { id, text: 'é' } })}\n`)
}

beforeAll(async () => {
  orders = await startShop({ name: 'orders', mesh, does: ['serve', 'publish'] })
})
afterAll(endAll)

describe('earshot sub', () => {
  it('prints time, sender and body of each event, and leaves on SIGINT', async () => {
    const command = await startSub()
    publish(orders, 1, 2)
    await command.until(/"id":2/)
    command.signal('SIGINT')
    const { code, stdout, stderr } = await command.end()
    expect(code).toBe(0)
    const [first] = stdout.split('\n')
    expect(first).toMatch(/^\d\d:\d\d:\d\d\.\d{3} orders \{"id":1,"text":"é"\}$/)
    expect(stderr).toContain('heard 2 events, missed 0')
  })

  it('prints NDJSON with --json, ends after --count, in the codec that was asked for', async () => {
    const command = await startSub('--json', '--count', '2', '--codec', 'msgpack')
    publish(orders, 1, 2, 3)
    const { code, stdout } = await command.end()
    expect(code).toBe(0)
    expect(lines(stdout)).toMatchObject([
      { channel: 'shop.orders/placed', from: { id: orders.id, name: 'orders' }, body: { id: 1 } },
      { body: { id: 2, text: 'é' } },
    ])
    expect(lines(stdout)).toHaveLength(2)
  })

  it('leaves on SIGTERM, and when nobody reads it any more', async () => {
    const [one, other] = await Promise.all([startSub('--json'), startSub('--json')])
    one.signal('SIGTERM')
    expect((await one.end()).code).toBe(0)
    other.child.stdout?.destroy()
    publish(orders, 1, 2)
    const { code, stderr } = await other.end()
    expect(code).toBe(0)
    expect(stderr).not.toContain('EPIPE')
  })

  it('waits for a contract to appear, and tells when its publisher dies', async () => {
    const later = randomMesh()
    const words = ['sub', 'shop.orders/placed', '--mesh', later, '--wait', '15000']
    const command = startCli(words)
    const shop = await startShop({ name: 'late', mesh: later, does: ['publish'] })
    await command.until(/hearing shop\.orders\/placed of late/, 'stderr')
    publish(shop, 5)
    await command.until(/late \{"id":5/)
    shop.signal('SIGKILL')
    await command.until(/late \([0-9a-f]{8}\) is gone \(.*\); still listening/, 'stderr')
    command.signal('SIGINT')
    expect((await command.end()).code).toBe(0)
  })

  it('refuses a codec that no event will come in', async () => {
    const poor = randomMesh()
    await startShop({ name: 'poor', mesh: poor, does: ['publish'], codecs: ['json'] })
    const { code, stderr } = await earshot(['sub', 'placed', '--codec', 'avro', '--mesh', poor])
    expect(code).toBe(2)
    expect(stderr).toContain('does not offer shop.orders/placed in avro')
  })

  it('refuses what is no event, and ends with 3 when nobody publishes', async () => {
    const [request, nobody] = await Promise.all([
      earshot(['sub', 'shop.orders/place', ...inMesh]),
      earshot(['sub', 'shop.orders/placed', '--mesh', randomMesh(), '--wait', '50', '--json']),
    ])
    expect(request.code).toBe(2)
    expect(request.stderr).toContain('shop.orders/place is a request, not an event')
    expect(nobody.code).toBe(3)
    expect(JSON.parse(nobody.stdout).error.exitCode).toBe(3)
  })
})

describe('earshot pub', () => {
  it('ends with 3 when nobody listens', async () => {
    const words = ['pub', 'placed', '{"id":1,"text":"x"}', '--mesh', mesh, '--wait', '600']
    const { code, stdout, stderr } = await earshot(words)
    expect(code).toBe(3)
    expect(stdout).toBe('')
    expect(stderr).toContain('nobody listens to shop.orders/placed after 600 ms')
    expect(stderr).toContain('next: start a subscriber: earshot sub shop.orders/placed')
  })

  it('ends with 2 when the body does not fit, before anybody is waited for', async () => {
    const { code, stderr } = await earshot(['pub', 'placed', '{"id":"1"}', ...inMesh])
    expect(code).toBe(2)
    expect(stderr).toMatch(/the body does not fit shop\.orders\/placed: .*\/id/)
  })

  it('is heard by earshot sub, though both only visit the mesh', async () => {
    const sub = await startSub('--json', '--count', '1')
    const words = ['pub', 'placed', '{"id":7,"text":"x"}', ...inMesh]
    const { code, stdout } = await earshot(words)
    expect(code).toBe(0)
    expect(stdout).toBe('published 1 event, heard by 1 listener\n')
    const heard = lines((await sub.end()).stdout)
    expect(heard).toMatchObject([{ from: { name: 'earshot-cli' }, body: { id: 7 } }])
  })
})

describe('many events at once', () => {
  it('all arrive, whether repeated or from stdin, and in order', async () => {
    const count = 5_000
    const sub = await startSub('--json', '--count', String(2 * count))
    const same = ['pub', 'placed', '{"id":0,"text":"same"}', '-n', String(count), ...inMesh]
    expect((await earshot(same)).stdout).toContain(`published ${count} events, heard by`)
    const ids = Array.from({ length: count }, (_, at) => at + 1)
    const input = ids.map((id) => `{"id":${id},"text":"each"}\n`).join('')
    expect((await earshot(['pub', 'placed', '-', ...inMesh], input)).code).toBe(0)
    const { stdout, stderr } = await sub.end()
    expect(stderr).not.toContain('missed')
    const heard = lines(stdout).map(({ body }) => (body as { id: number }).id)
    expect(heard.slice(count)).toEqual(ids)
  })
})

describe('with a listener, earshot pub', () => {
  let ears: Running & { id: string }

  beforeAll(async () => {
    ears = await startShop({ name: 'ears', mesh, does: ['hear'] })
  })

  it('publishes a body several times, with headers', async () => {
    const words = ['pub', 'placed', '{"id":7,"text":"x"}', '-n', '3', '-i', '5', '-H', 'a=b']
    const { code, stdout } = await earshot([...words, '--json', ...inMesh])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      channel: 'shop.orders/placed',
      published: 3,
      heard: 3,
      listeners: 1,
    })
    await ears.until(/(.*"id":7.*"headers":\{"a":"b"\}.*\n){3}/)
  })

  it('publishes each line of stdin', async () => {
    const input = '{"id":21,"text":"a"}\n\n{"id":22,"text":"b"}\n'
    const { code, stdout } = await earshot(['pub', 'placed', '-', ...inMesh], input)
    expect(code).toBe(0)
    expect(stdout).toBe('published 2 events, heard by 1 listener\n')
    await ears.until(/"id":21(.|\n)*"id":22/)
  })

  it('names the line of stdin that is wrong, after it published those before', async () => {
    const command = startCli(['pub', 'placed', '-', ...inMesh])
    // Stdin stays open: a wrong line ends the command all the same.
    command.write('{"id":31,"text":"a"}\n{"id":}\n')
    const { code, stderr } = await command.end()
    expect(code).toBe(2)
    expect(stderr).toContain('earshot: line 2 of stdin is no JSON')
    await ears.until(/"id":31/)
  })

  it('leaves on SIGINT while stdin is open', async () => {
    const command = startCli(['pub', 'placed', '-', ...inMesh])
    command.write('{"id":41,"text":"a"}\n')
    await ears.until(/"id":41/)
    command.signal('SIGINT')
    const { code, stdout } = await command.end()
    expect(code).toBe(0)
    expect(stdout).toContain('published 1 event')
  })
})
