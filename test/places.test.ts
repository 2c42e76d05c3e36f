// Where a peer is reached, on a virtual clock and with addresses that the test gives it.

import { createVirtualClock } from 'earshot/testing'
import { expect, it } from 'vitest'
import { Places } from '../src/peer-places.ts'

const bound = {
  inbox: ['ipc:///x.i', 'tcp://127.0.0.1:1'],
  outlet: ['ipc:///x.o', 'tcp://127.0.0.1:2'],
  door: ['ipc:///x.d', 'tcp://127.0.0.1:3'],
}

it('the places of a peer that listens everywhere follow the addresses of its machine', async () => {
  const clock = createVirtualClock()
  let addresses = ['127.0.0.1']
  const places = new Places(bound, () => addresses)
  const told: (readonly string[])[] = []
  places.follow(clock, ({ inbox }) => told.push(inbox))
  await clock.advance(3_000)
  expect(told).toEqual([])
  addresses = ['10.0.0.7', 'fe80::1%eth0', '127.0.0.1']
  await clock.advance(1_000)
  const [late, ofLink] = ['tcp://10.0.0.7:1', 'tcp://[fe80::1%eth0]:1']
  expect(told).toEqual([['ipc:///x.i', late, ofLink, 'tcp://127.0.0.1:1']])
  expect(places.here.door).toContain('tcp://10.0.0.7:3')
  // Others have no interface of that name, or another one.
  expect(places.told.outlet).toEqual(['ipc:///x.o', 'tcp://10.0.0.7:2', 'tcp://127.0.0.1:2'])
  places.close()
  addresses = ['127.0.0.1']
  await clock.advance(3_000)
  expect(told.length).toBe(1)
})
