// What is known of one remote peer: the newest of what it says of itself, by whichever link.

import { describe, expect, it } from 'vitest'
import type { Identity } from '../../src/mesh/introduction.ts'
import { Remote } from '../../src/mesh/remote.ts'
import type { TriedEndpoint } from '../../src/mesh/tried.ts'
import { newKeys, textOfKey } from '../../src/security/keys.ts'
import type { ContractOffer, Hello } from '../../src/wire/hello.ts'

const served = (number: number): ContractOffer[] => [
  {
    name: 'test.shop',
    version: '1.2.0',
    channels: [{ name: 'place', kind: 'request', number, codecs: ['json'], id: 'ab'.repeat(32) }],
  },
]

function remote(revision: number, more: Partial<Hello> = {}, who?: Identity): Remote {
  const hello = { id: 'cd'.repeat(16), name: 'a', epoch: 1, revision, contracts: served(0) }
  return new Remote({ ...hello, ...more } as unknown as Hello, who, 0)
}

const tried = (endpoint: string, outcome: TriedEndpoint['outcome']): TriedEndpoint => {
  return { endpoint, outcome, why: '', tookMs: 1 }
}

describe('what a remote peer offers', () => {
  it('is the newest it told, though the hello of a second link comes later', () => {
    const one = remote(0)
    expect(one.offer({ revision: 1, contracts: served(5) })).toBe(true)
    expect(one.offer({ revision: 0, contracts: served(0) })).toBe(false)
    expect(one.offerOf('test.shop', 1, 'place')?.number).toBe(5)
  })

  it('is told again by the hello of a new link without harm', () => {
    const one = remote(3)
    expect(one.offer({ revision: 3, contracts: served(4) })).toBe(true)
    expect(one.offerOf('test.shop', 1, 'place')?.number).toBe(4)
  })
})

describe('a remote peer is dialled anew', () => {
  const told = { host: 'there', inbox: ['ipc:///run/x.i', 'tcp://10.0.0.7:4000'], outlet: [] }

  it('first where it was reached: of a forwarded port it does not know', () => {
    const one = remote(0, told)
    one.tried = [
      tried('tcp://127.0.0.1:9000', 'linked'),
      tried('tcp://10.0.0.7:4000', 'failed'),
      tried('tcp://10.0.0.9:9100', 'linked'),
    ]
    expect(one.seenFrom('here').inbox).toEqual([
      'tcp://10.0.0.9:9100',
      'tcp://127.0.0.1:9000',
      'tcp://10.0.0.9:4000',
      'tcp://10.0.0.7:4000',
    ])
  })

  it('once where it says it is itself, and with its key where it has one', () => {
    const { publicKey } = newKeys()
    const key = `#${textOfKey(publicKey)}`
    const inbox = [`tcp://10.0.0.7:4000${key}`]
    const one = remote(0, { ...told, inbox }, { curveKey: publicKey, key: '', roles: [] })
    one.tried = [tried('tcp://10.0.0.7:4000', 'linked'), tried('tcp://10.0.0.8:9000', 'linked')]
    const { inbox: endpoints } = one.seenFrom('here')
    expect(endpoints.slice(0, 2)).toEqual([
      `tcp://10.0.0.8:9000${key}`,
      `tcp://10.0.0.7:4000${key}`,
    ])
    expect(new Set(endpoints).size).toBe(endpoints.length)
  })
})
