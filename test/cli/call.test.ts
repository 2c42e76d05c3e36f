// `earshot call` against real peers, whose contracts the command has no source of.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { earshot, endAll, type Running, randomMesh, startCli, startShop } from './support.ts'

const mesh = randomMesh()
const inMesh = ['--mesh', mesh, '--wait', '4000']
let orders: Running & { id: string }

function call(...words: string[]) {
  return earshot(['call', ...words, ...inMesh])
}

beforeAll(async () => {
  const both = [
    startShop({ name: 'orders', mesh, does: ['serve'] }),
    startShop({ name: 'stock', mesh, does: ['stock'], codecs: ['json', 'msgpack'] }),
  ] as const
  ;[orders] = await Promise.all(both)
})
afterAll(endAll)

describe('earshot call', () => {
  it('prints the reply as JSON', async () => {
    const { code, stdout, stderr } = await call('shop.orders/place', '{"sku":"x","n":41}')
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toBe('{\n  "ok": true,\n  "id": 42,\n  "by": "orders"\n}\n')
  })

  it.each(['json', 'msgpack', 'avro', 'protobuf'])('calls in %s', async (codec) => {
    const body = '{"data":"aGk=","big":"9007199254740993"}'
    const { code, stdout } = await call('shop.orders/echo', body, '--codec', codec, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      reply: { data: 'aGk=', big: '9007199254740993' },
      channel: 'shop.orders/echo',
      peer: { name: 'orders', id: orders.id },
      codec,
    })
    expect(JSON.parse(stdout).latencyMs).toBeGreaterThan(0)
  })

  it('says with --verbose who answered, how, and how much it was', async () => {
    const { stdout, stderr } = await call('shop.orders/place', '{"sku":"x","n":1}', '--verbose')
    expect(JSON.parse(stdout)).toEqual({ ok: true, id: 2, by: 'orders' })
    expect(stderr).toContain(`orders (${orders.id.slice(0, 8)}), ipc, avro`)
    expect(stderr).toMatch(/request 4 bytes, reply 9 bytes, [\d.]+ ms/)
  })

  it('reads the body from stdin, and takes a channel without its contract', async () => {
    const words = ['call', 'level', '-', ...inMesh]
    const { code, stdout } = await earshot(words, '{"sku":"x"}\n')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ level: 3 })
  })

  it('sends headers', async () => {
    const { stdout } = await call('whoami', '-H', 'tenant=acme', '-H', 'trace=a=b')
    expect(JSON.parse(stdout)).toEqual({ headers: { tenant: 'acme', trace: 'a=b' } })
  })

  it('prints the verdict of a notification, and the notification arrives', async () => {
    const { code, stdout } = await call('cancel', '{"id":3}')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ became: 'written', to: orders.id })
    await orders.until(/"cancelled":3/)
  })

  it('shows what a reply would do to the terminal instead of doing it', async () => {
    const { stdout } = await call('curse')
    expect(stdout).toContain('"\\u001b[2J\\u009b31m\\u202egnitirw"')
  })

  it('calls the peer that was asked for, by name or by id', async () => {
    const { stdout } = await call('shop.orders/place', '{"sku":"x","n":1}', '-p', orders.id)
    expect(JSON.parse(stdout)).toMatchObject({ by: 'orders' })
    const refuse = (peer: string) =>
      earshot(['call', 'shop.orders/place', '{}', '--peer', peer, '--mesh', mesh, '-w', '1500'])
    const [refused, unknown] = await Promise.all([refuse('stock'), refuse('bob')])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('earshot: stock does not offer shop.orders/place')
    expect(unknown.code).toBe(3)
    expect(unknown.stderr).toContain('heard were: orders (')
  })
})

describe('earshot call ends with 1 when', () => {
  it('the handler fails, with the code and the remedy', async () => {
    const [plain, json] = await Promise.all([
      call('shop.orders/fail'),
      call('shop.orders/fail', '{}', '--json'),
    ])
    expect(plain.code).toBe(1)
    expect(plain.stdout).toBe('')
    expect(plain.stderr).toContain('the till is empty\\u001b[31m (EARSHOT_REMOTE)\nnext: Look at')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout).error).toMatchObject({ code: 'EARSHOT_REMOTE', exitCode: 1 })
  })

  it('the handler fails as its contract declares, with name and data', async () => {
    const [plain, json] = await Promise.all([
      call('shop.orders/sell'),
      call('shop.orders/sell', '{}', '--json'),
    ])
    expect(plain.code).toBe(1)
    expect(plain.stderr).toContain('only five: OutOfStock {"left":"5","seal":"AQ=="}')
    expect(JSON.parse(json.stdout).error).toMatchObject({
      ...{ code: 'EARSHOT_DECLARED', name: 'OutOfStock', exitCode: 1 },
      data: { left: '5', seal: 'AQ==' },
    })
  })

  it('no answer comes in time', async () => {
    const { code, stderr } = await call('shop.orders/hang', '--timeout', '100')
    expect(code).toBe(1)
    expect(stderr).toContain('(EARSHOT_TIMEOUT)\nnext: ')
  })

  it('the peer is killed before it answers', async () => {
    const doomed = await startShop({ name: 'doomed', mesh, does: ['serve'] })
    const command = startCli([
      ...['call', 'shop.orders/hang', '{}', '--peer', 'doomed', '--timeout', '15000'],
      ...inMesh,
    ])
    await doomed.until(/"asked":"hang"/)
    doomed.signal('SIGKILL')
    const { code, stderr } = await command.end()
    expect(code).toBe(1)
    expect(stderr).toContain('doomed was lost before it answered')
    expect(stderr).toContain('(EARSHOT_PEER_GONE)\nnext: Try again')
  })

  it('Ctrl-C comes before the answer', async () => {
    const slow = await startShop({ name: 'slow', mesh, does: ['serve'] })
    const words = ['call', 'shop.orders/hang', '{}', '--peer', slow.id, '--timeout', '15000']
    const command = startCli([...words, ...inMesh])
    await slow.until(/"asked":"hang"/)
    command.signal('SIGINT')
    const { code, stderr } = await command.end()
    expect(code).toBe(1)
    expect(stderr).toContain('(EARSHOT_CANCELLED)')
  })
})

describe('earshot call ends with 2 when', () => {
  it('the body is no JSON, with the position', async () => {
    const { code, stderr } = await call('shop.orders/place', '{sku}')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^earshot: the body is no JSON: .*position 1.*\nnext: write JSON/)
  })

  it('the body does not fit, with the field and what is expected', async () => {
    const [plain, json] = await Promise.all([
      call('shop.orders/place', '{"sku":"x","n":1.5}'),
      call('shop.orders/place', '{"sku":"x","n":1.5}', '--json'),
    ])
    expect(plain.code).toBe(2)
    expect(plain.stderr).toMatch(/the body does not fit shop\.orders\/place: .*\/n.*BODY_INVALID/)
    expect(plain.stderr).toContain('next: it is { sku: string, n: integer, note?: string }')
    expect(json.code).toBe(2)
    const { error } = JSON.parse(json.stdout)
    expect(error).toMatchObject({ code: 'EARSHOT_BODY_INVALID', path: '/n', exitCode: 2 })
  })

  it('the channel is an event', async () => {
    const { code, stderr } = await call('placed')
    expect(code).toBe(2)
    expect(stderr).toContain('is an event, not a request, notification, stream, duplex or scatter')
    expect(stderr).toContain('next: earshot sub shop.orders/placed')
  })

  it('a channel without its contract means several', async () => {
    const { code, stderr } = await call('place')
    expect(code).toBe(2)
    expect(stderr).toContain('say which: shop.orders/place or shop.stock/place')
  })

  it('the peer does not take the codec', async () => {
    const { code, stderr } = await call('level', '{"sku":"x"}', '--codec', 'avro')
    expect(code).toBe(2)
    expect(stderr).toContain('does not offer shop.stock/level in avro')
    expect(stderr).toContain('take one of json, msgpack')
  })
})

describe('earshot call ends with 3 when', () => {
  it('nobody offers the channel, with the nearest name and what is there', async () => {
    const words = ['call', 'shop.orders/plaec', '{}', '--mesh', mesh, '--wait', '1500', '--json']
    const { code, stdout, stderr } = await earshot(words)
    expect(code).toBe(3)
    expect(stderr).toContain(`nobody in mesh "${mesh}" offers shop.orders/plaec`)
    expect(stderr).toContain('next: did you mean shop.orders/place? on offer: shop.orders/cancel')
    const { error } = JSON.parse(stdout)
    expect(error.nearest).toBe('shop.orders/place')
    expect(error.offered).toContain('shop.stock/level')
  })

  it('nobody is there', async () => {
    const words = ['call', 'shop.orders/place', '{}', '--mesh', randomMesh(), '--wait', '50']
    const { code, stderr } = await earshot(words)
    expect(code).toBe(3)
    expect(stderr).toContain('no peer was heard')
  })
})
