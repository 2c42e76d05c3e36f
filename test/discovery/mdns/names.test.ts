import { describe, expect, it } from 'vitest'
import {
  browseName,
  decodeTxt,
  encodeTxt,
  hostName,
  instanceName,
} from '../../../src/discovery/mdns/names.ts'
import { aRecord } from '../support.ts'

const id = '0123456789abcdef0123456789abcdef'

describe('the names of a peer in DNS', () => {
  it('are those that the documentation gives', () => {
    expect(browseName('shop')).toBe('_m-8d9001d3._sub._earshot._tcp.local')
    expect(instanceName('orders', id, '')).toBe('orders-01234567._earshot._tcp.local')
    expect(instanceName('orders', id, '-beef')).toBe('orders-01234567-beef._earshot._tcp.local')
    expect(hostName(id, '')).toBe('es-0123456789abcdef.local')
  })

  it.each([
    ['Größe & Häuser.v2', 'Gro-e-Ha-user-v2-01234567'],
    ['', 'peer-01234567'],
    ['...', 'peer-01234567'],
    ['日本', 'peer-01234567'],
    ['x'.repeat(200), `${'x'.repeat(54)}-01234567`],
  ])('make one label of at most 63 letters, digits and hyphens of %j', (name, label) => {
    expect(instanceName(name, id, '')).toBe(`${label}._earshot._tcp.local`)
    expect(label.length).toBeLessThanOrEqual(63)
  })
})

describe('the TXT record of a peer', () => {
  const self = aRecord({ id, epoch: 1_790_000_000_000, seq: 7, mesh: 'shop', name: 'Größe' })
  const texts = (strings: readonly Uint8Array[]) => strings.map((s) => Buffer.from(s).toString())

  it('has the keys that the documentation gives, in this order', () => {
    const meta = { role: 'a=b', 'bad=key': 'x', '': 'y' }
    expect(texts(encodeTxt({ ...self, meta }, 4_712))).toEqual([
      'txtvers=1',
      'v=1',
      `id=${id}`,
      'ep=1790000000000',
      'sq=7',
      'm=8d9001d3',
      'p=tcp',
      'dr=4712',
      'nm=Größe',
      '+role=a=b',
    ])
  })

  it('is read back as it was written', () => {
    expect(decodeTxt(encodeTxt({ ...self, meta: { role: 'a=b' } }, 4_712))).toEqual({
      id,
      epoch: self.epoch,
      seq: 7,
      meshHash: '8d9001d3',
      name: 'Größe',
      doorPort: 4_712,
      meta: { role: 'a=b' },
    })
  })

  it('stays small: a long name is cut, and meta that does not fit is left out', () => {
    const meta = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, 'v'.repeat(90)]))
    const strings = encodeTxt({ ...self, name: 'ü'.repeat(100), meta }, 1)
    expect(strings.reduce((sum, { length }) => sum + length + 1, 0)).toBeLessThanOrEqual(700)
    expect(decodeTxt(strings)?.name).toBe('ü'.repeat(60))
  })

  it.each([
    ['another version', ['txtvers=2', `id=${id}`, 'ep=1']],
    ['no version', [`id=${id}`, 'ep=1']],
    ['an id in capitals', ['txtvers=1', `id=${id.toUpperCase()}`, 'ep=1']],
    ['no epoch', ['txtvers=1', `id=${id}`]],
    ['an epoch beyond exact numbers', ['txtvers=1', `id=${id}`, 'ep=9999999999999999']],
    ['a negative epoch', ['txtvers=1', `id=${id}`, 'ep=-1']],
    ['a string of 1,300 bytes', ['txtvers=1', `id=${id}`, 'ep=1', 'x'.repeat(1_300)]],
  ])('is refused with %s', (_what, strings) => {
    expect(decodeTxt(strings.map((text) => Buffer.from(text)))).toBeUndefined()
  })

  it('takes the first of equal keys, and drops bad ports and control characters', () => {
    const strings = ['txtvers=1', `ID=${id}`, `id=${'f'.repeat(32)}`, 'ep=1', 'zz=1', '=x', 'dr=0']
    const bytes = [...strings, 'nm=a\u001b[31m\u202eb'].map((text) => Buffer.from(text))
    expect(decodeTxt(bytes)).toMatchObject({ id, doorPort: undefined, name: 'a[31mb' })
  })

  it('never reaches a prototype by its keys', () => {
    const bytes = ['txtvers=1', `id=${id}`, 'ep=1', '+__proto__=x'].map((text) => Buffer.from(text))
    const meta = decodeTxt(bytes)?.meta ?? {}
    expect(Object.getPrototypeOf(meta)).toBe(Object.prototype)
    expect(Object.keys(meta)).toEqual(['__proto__'])
  })
})
