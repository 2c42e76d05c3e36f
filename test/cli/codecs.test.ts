// `earshot codecs` and `earshot explain`.

import { errorTable } from 'earshot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { earshot, endAll, randomMesh, startShop } from './support.ts'

const mesh = randomMesh()
const inMesh = ['--mesh', mesh, '--wait', '4000']
const order = '{"sku":"x","n":41}'

beforeAll(async () => {
  await Promise.all([
    startShop({ name: 'orders', mesh, does: ['serve'] }),
    startShop({ name: 'stock', mesh, does: ['stock'], codecs: ['json', 'msgpack'] }),
  ])
})
afterAll(endAll)

describe('earshot codecs', () => {
  it('lists the codecs, and who speaks which in what order', async () => {
    const [plain, json] = await Promise.all([
      earshot(['codecs', ...inMesh]),
      earshot(['codecs', '--json', ...inMesh]),
    ])
    expect(plain.code).toBe(0)
    for (const codec of ['json', 'msgpack', 'avro', 'protobuf']) {
      expect(plain.stdout).toMatch(new RegExp(`^${codec} `, 'm'))
    }
    expect(plain.stdout).toMatch(/^stock \([0-9a-f]{8}\) +json, msgpack$/m)
    const { codecs, peers } = JSON.parse(json.stdout)
    expect(codecs).toHaveLength(4)
    expect(peers).toMatchObject([
      { name: 'orders', codecs: ['avro', 'protobuf', 'msgpack', 'json'] },
      { name: 'stock', codecs: ['json', 'msgpack'] },
    ])
  })

  it('shows one message in each codec, by the contract of a running peer', async () => {
    const { code, stdout } = await earshot(['codecs', 'shop.orders/place', order, ...inMesh])
    expect(code).toBe(0)
    expect(stdout).toContain('place body: { sku: string, n: integer, note?: string }')
    expect(stdout).toMatch(/^json +18 +\d+ +7b 22 73 6b 75 22/m)
    expect(stdout).toMatch(/^msgpack +10 +\d+ +82 a3 73 6b 75 a1 78 a1 6e 29$/m)
    expect(stdout).toMatch(/^avro +4 +\d+ +02 78 52 00$/m)
    expect(stdout).toMatch(/^protobuf +5 +\d+ +0a 01 78 10 52$/m)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('does so with the reply, from stdin, as JSON', async () => {
    const words = ['codecs', 'shop.stock/level', '-', '--reply', '--json', ...inMesh]
    const { code, stdout } = await earshot(words, '{"level":3}')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      channel: 'shop.stock/level',
      part: 'reply',
      offered: ['json', 'msgpack'],
      codecs: [
        { codec: 'json', bytes: 11, hex: Buffer.from('{"level":3}').toString('hex') },
        { codec: 'msgpack', bytes: 8 },
        { codec: 'avro', bytes: 1, hex: '06' },
        { codec: 'protobuf', bytes: 2, hex: '0806' },
      ],
    })
  })

  it('ends with 2 for a body that does not fit, and for the reply of what has none', async () => {
    const [wrong, none] = await Promise.all([
      earshot(['codecs', 'shop.orders/place', '{"sku":1,"n":1}', ...inMesh]),
      earshot(['codecs', 'cancel', '{}', '--reply', ...inMesh]),
    ])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('/sku')
    expect(none.code).toBe(2)
    expect(none.stderr).toContain('shop.orders/cancel has no reply: it is a notification')
  })
})

describe('earshot explain', () => {
  it('tells meaning and remedy of a code, written in full or not', async () => {
    const [full, short, json] = await Promise.all([
      earshot(['explain', 'EARSHOT_PEER_GONE']),
      earshot(['explain', 'peer-gone']),
      earshot(['explain', 'peer_gone', '--json']),
    ])
    expect(full.code).toBe(0)
    expect(full.stdout).toContain(errorTable.EARSHOT_PEER_GONE.meaning)
    expect(full.stdout).toContain('remedy:    Try again if the work may be done twice')
    expect(short.stdout).toBe(full.stdout)
    expect(JSON.parse(json.stdout)).toEqual({
      code: 'EARSHOT_PEER_GONE',
      ...errorTable.EARSHOT_PEER_GONE,
    })
  })

  it('lists all codes', async () => {
    const [plain, json] = await Promise.all([earshot(['explain']), earshot(['explain', '--json'])])
    const codes = Object.keys(errorTable)
    for (const code of codes) expect(plain.stdout).toContain(`${code}\n`)
    expect(JSON.parse(json.stdout).codes).toHaveLength(codes.length)
  })

  it('names the nearest code for a mistyped one', async () => {
    const { code, stderr } = await earshot(['explain', 'TIMOUT'])
    expect(code).toBe(2)
    expect(stderr).toContain('next: did you mean EARSHOT_TIMEOUT?')
  })
})
