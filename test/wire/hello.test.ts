// What peers say of themselves is not believed: each wrong field is named.

import { describe, expect, it } from 'vitest'
import {
  agreedProtocol,
  type Hello,
  parseHello,
  parseOffers,
  parseWireError,
} from '../../src/wire/hello.ts'

const hello: Hello = {
  protocol: [1, 1],
  mesh: 'm',
  id: 'a'.repeat(32),
  epoch: 1,
  name: 'n',
  pid: 1,
  zone: 'rack 1',
  host: 'h',
  dialled: '',
  inbox: ['ipc:///tmp/x.i', 'tcp://127.0.0.1:1'],
  outlet: [],
  door: [],
  codecs: ['json'],
  contracts: [
    {
      name: 'c',
      version: '1.0.0',
      weight: 3,
      channels: [{ name: 'x', kind: 'event', number: 0, codecs: ['json'], id: 'f'.repeat(64) }],
    },
  ],
  hears: ['c/1/x'],
  credit: 1,
  window: 1,
  heartbeatMs: 1_000,
  revision: 7,
  key: '',
  proof: '',
}
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('a hello', () => {
  it('is read back as it was said', () => {
    expect(parseHello(bytes(hello), 10)).toEqual(hello)
  })

  it.each([
    ['/protocol', { protocol: 1 }],
    ['/protocol/1', { protocol: [1] }],
    ['/id', { id: 'A'.repeat(32) }],
    ['/id', { id: 5 }],
    ['/epoch', { epoch: -1 }],
    ['/epoch', { epoch: 1.5 }],
    ['/name', { name: 'n'.repeat(201) }],
    ['/inbox/0', { inbox: ['http://x'] }],
    ['/inbox', { inbox: 'tcp://1' }],
    ['/codecs/0', { codecs: [{}] }],
    ['/contracts', { contracts: new Array(11).fill({}) }],
    ['/contracts/0/version', { contracts: [{ name: 'c', version: 'x', channels: [] }] }],
    ['/contracts/0/channels/0', { contracts: [{ name: 'c', version: '1.0.0', channels: [5] }] }],
    ['/credit', { credit: '9' }],
    ['/hears/0', { hears: [7] }],
  ])('with a wrong %s is refused, and the field is named', (path, change) => {
    expect(() => parseHello(bytes({ ...hello, ...change }), 10)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_BYTES_INVALID', path }),
    )
  })

  it.each(['', 'nonsense', '[]', 'null', '5'])('that is %j is refused', (text) => {
    expect(() => parseHello(Buffer.from(text), 10)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_BYTES_INVALID' }),
    )
    expect(() => parseOffers(Buffer.from(`{"x":${text || '{}'}}`), 10)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_BYTES_INVALID' }),
    )
  })

  it('agrees on a protocol when the ranges meet', () => {
    expect(agreedProtocol([1, 3])).toBe(1)
    expect(agreedProtocol([2, 3])).toBeUndefined()
    expect(agreedProtocol([0, 0])).toBeUndefined()
  })
})

describe('an error on the wire', () => {
  it('is read with its path, and hostile bytes become an error of their own', () => {
    const error = { code: 'EARSHOT_REMOTE', message: 'no', path: '/x' }
    expect(parseWireError(bytes(error))).toEqual(error)
    for (const wrong of ['', '{}', '{"code":"x y","message":""}', '{"code":1}']) {
      expect(parseWireError(Buffer.from(wrong)).code).toBe('EARSHOT_BYTES_INVALID')
    }
  })
})
