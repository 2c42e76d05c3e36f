// `earshot call` on channels with more than one answer: streams, talks, questions to all.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { earshot, endAll, type Running, randomMesh, startCli, startShop } from './support.ts'

const mesh = randomMesh()
const inMesh = ['--mesh', mesh, '--wait', '4000']
let north: Running & { id: string }

const call = (...words: string[]) => earshot(['call', ...words, ...inMesh])
const lines = (text: string) => text.trim().split('\n')

beforeAll(async () => {
  const both = [
    startShop({ name: 'north', mesh, does: ['trade'] }),
    startShop({ name: 'southern', mesh, does: ['trade'] }),
  ] as const
  ;[north] = await Promise.all(both)
})
afterAll(endAll)

describe('earshot call on a stream', () => {
  it.each(['json', 'msgpack', 'avro', 'protobuf'])('prints a JSON a line in %s', async (codec) => {
    const body = '{"sku":"tea","ticks":3}'
    const { code, stdout } = await call('shop.market/watch', body, '--codec', codec)
    expect(code).toBe(0)
    const items = lines(stdout).map((line) => JSON.parse(line))
    expect(items).toEqual([0, 0.5, 1].map((price) => ({ sku: 'tea', price })))
  })

  it('ends after --count, and the handler cleans up', async () => {
    const body = '{"sku":"counted","ticks":1000000000}'
    const { code, stdout } = await call('watch', body, '-n', '7', '-p', 'north')
    expect(code).toBe(0)
    expect(lines(stdout)).toHaveLength(7)
    await north.until(/"watched":"counted"/)
  })

  it('goes on until Ctrl-C, which is no failure', async () => {
    const command = startCli(['call', 'watch', '{"sku":"slow","ticks":2}', ...inMesh])
    await command.until(/"price":0.5/)
    command.signal('SIGINT')
    const { code, stdout, stderr } = await command.end()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lines(stdout)).toHaveLength(2)
  })

  it('prints what came before a failure, and the failure', async () => {
    const { code, stdout, stderr } = await call('watch', '{"sku":"broken","ticks":2}')
    expect(code).toBe(1)
    expect(lines(stdout)).toHaveLength(2)
    expect(stderr).toContain('the market is closed (EARSHOT_REMOTE)')
  })
})

describe('earshot call on a duplex', () => {
  it('says each line of stdin and prints what is said back', async () => {
    const words = ['call', 'shop.market/haggle', '-', ...inMesh]
    const { code, stdout } = await earshot(words, '{"offer":1}\n{"offer":2}\n')
    expect(code).toBe(0)
    expect(lines(stdout)).toEqual(['{"price":2}', '{"price":3}'])
    const one = await call('haggle', '{"offer":5}')
    expect(one).toMatchObject({ code: 0, stdout: '{"price":6}\n' })
  })

  it('ends with a line that does not fit, and names it', async () => {
    const words = ['call', 'haggle', '-', ...inMesh]
    const { code, stderr } = await earshot(words, '{"offer":1}\n{"offer":"x"}\n')
    expect(code).toBe(2)
    expect(stderr).toContain('line 2 of stdin does not fit')
  })
})

describe('earshot call on a scatter', () => {
  it('prints the answer of each, with its name', async () => {
    const { code, stdout } = await call('shop.market/quote', '{"sku":"tea"}')
    expect(code).toBe(0)
    expect(lines(stdout).sort()).toEqual(['north {"price":5}', 'southern {"price":8}'])
    const one = await call('quote', '{"sku":"tea"}', '-p', 'north', '--json')
    expect(JSON.parse(one.stdout)).toMatchObject({
      answers: [{ from: { name: 'north' }, answer: { price: 5 } }],
      silent: [],
      failed: [],
    })
  })

  it('names who failed, and fails itself when nobody answers', async () => {
    const half = await call('quote', '{"sku":"half"}')
    expect(half).toMatchObject({ code: 0, stdout: 'north {"price":5}\n' })
    expect(half.stderr).toMatch(/southern: .*not for sale \(EARSHOT_REMOTE\)/)
    const none = await call('quote', '{"sku":"broken"}')
    expect(none.code).toBe(1)
    expect(none.stderr).toContain('nobody answered: 0 silent, 2 failed')
  })
})
