// What is known of one remote peer: the newest of what it says of itself, by whichever link.

import { describe, expect, it } from 'vitest'
import { Remote } from '../../src/mesh/remote.ts'
import type { ContractOffer, Hello } from '../../src/wire/hello.ts'

const served = (number: number): ContractOffer[] => [
  {
    name: 'test.shop',
    version: '1.2.0',
    channels: [{ name: 'place', kind: 'request', number, codecs: ['json'], id: 'ab'.repeat(32) }],
  },
]

function remote(revision: number): Remote {
  const hello = { id: 'cd'.repeat(16), name: 'a', epoch: 1, revision, contracts: served(0) }
  return new Remote(hello as unknown as Hello, undefined, 0)
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
