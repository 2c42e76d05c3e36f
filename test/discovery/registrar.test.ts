import { beforeEach, describe, expect, it } from 'vitest'
import { EarshotError } from '../../src/base/errors.ts'
import type { PeerRecord } from '../../src/discovery/provider.ts'
import { type Registrar, registrar } from '../../src/discovery/registrar.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'
import { randomId, Watch } from './support.ts'

const OWN = 'ab'.repeat(16)
const orders = { name: 'orders', inbox: ['tcp://10.0.0.7:4711'] }

describe('the registrar', () => {
  let clock: VirtualClock
  let desk: Registrar
  /** What the other providers have been told, and was not taken back. */
  let told: PeerRecord[]
  let isBroken: boolean
  let watching: Watch

  beforeEach(async () => {
    clock = createVirtualClock(1_000)
    desk = registrar({ clock, limit: 3 })
    told = []
    isBroken = false
    desk.prepare?.({
      id: OWN,
      mesh: 'shop',
      local: true,
      announce: async (record) => {
        if (isBroken) throw new EarshotError('EARSHOT_DISCOVERY', 'no disk')
        told.push(record)
        return {
          update: async () => undefined,
          withdraw: async () => {
            told.splice(told.indexOf(record), 1)
          },
        }
      },
    })
    watching = new Watch((signal) => desk.watch('shop', { signal }))
    await watching.until('synced')
  })

  it('reports and announces a service until its lease ends', async () => {
    const { id, leaseMs } = desk.register(orders, 5_000)
    expect(leaseMs).toBe(5_000)
    const { peer } = await watching.until('up')
    expect(peer).toEqual({ ...orders, id, epoch: 1_000, seq: 0, mesh: 'shop', door: [] })
    expect(told).toEqual([{ ...peer, behalf: true }])
    await clock.advance(4_999)
    expect(watching.seen).toEqual([])
    await clock.advance(1)
    expect(watching.seen).toEqual([{ type: 'down', id, epoch: 1_000, reason: 'expired' }])
    expect([told, desk.registered()]).toEqual([[], []])
    expect(clock.pending).toBe(0)
  })

  it('keeps a service whose lease is renewed, without a word to anybody', async () => {
    const { token } = desk.register(orders)
    for (let i = 0; i < 10; i++) {
      await clock.advance(14_000)
      desk.renew(token)
    }
    expect(watching.seen.map(({ type }) => type)).toEqual(['up'])
    expect(told).toHaveLength(1)
    await clock.advance(15_000)
    expect(() => desk.renew(token)).toThrow(expect.objectContaining({ code: 'EARSHOT_CLOSED' }))
  })

  it('says goodbye for a service that is withdrawn, twice without harm', async () => {
    const { id, token } = desk.register(orders)
    await clock.advance(0)
    await watching.until('up')
    desk.withdraw(token)
    desk.withdraw(token)
    await clock.advance(0)
    expect(watching.seen).toEqual([{ type: 'down', id, epoch: 1_000, reason: 'goodbye' }])
    expect(told).toEqual([])
  })

  it('replaces a service by its next incarnation, whose token alone counts', async () => {
    const id = randomId()
    const first = desk.register({ ...orders, id, epoch: 1 })
    const second = desk.register({ ...orders, id, epoch: 2 })
    await clock.advance(0)
    expect(told.map(({ epoch }) => epoch)).toEqual([2])
    desk.withdraw(first.token)
    expect(desk.registered()).toMatchObject([{ id, epoch: 2 }])
    const again = () => desk.register({ ...orders, id, epoch: 2 })
    expect(again).toThrow(expect.objectContaining({ code: 'EARSHOT_ALREADY_SERVED' }))
    desk.renew(second.token)
    // What was refused has no lease that ends, and takes nobody away.
    for (let times = 0; times < 3; times++) {
      await clock.advance(10_000)
      desk.renew(second.token)
    }
    expect(desk.registered()).toMatchObject([{ id, epoch: 2 }])
    expect(again).toThrow(expect.objectContaining({ code: 'EARSHOT_ALREADY_SERVED' }))
    const downs = watching.seen.filter(({ type }) => type === 'down')
    expect(downs.filter((event) => 'epoch' in event && event.epoch === 2)).toEqual([])
  })

  it('refuses the id of its own peer, which lives', () => {
    const register = () => desk.register({ ...orders, id: OWN, epoch: 1 })
    const wanted = { code: 'EARSHOT_OPTION_INVALID', path: '/id' }
    expect(register).toThrow(expect.objectContaining(wanted))
    expect(desk.registered()).toEqual([])
  })

  it('gives the same id to the same endpoints, wherever they are registered', () => {
    const inbox = ['tcp://10.0.0.7:1', 'tcp://10.0.0.8:1']
    const { id } = desk.register({ name: 'a', inbox })
    const elsewhere = registrar({ clock }).register({ name: 'b', inbox: inbox.reverse() })
    expect(elsewhere.id).toBe(id)
  })

  it('takes as many as its limit, and more when some have gone', async () => {
    const at = (i: number) => ({ name: 'x', inbox: [`tcp://10.0.0.${i}:1`] })
    for (let i = 0; i < 3; i++) desk.register(at(i), 1_000)
    const more = () => desk.register(at(9))
    expect(more).toThrow(expect.objectContaining({ code: 'EARSHOT_OVERLOADED' }))
    await clock.advance(1_000)
    more()
  })

  it('reports that it could not be announced, and tries again with the next renewal', async () => {
    isBroken = true
    const { token } = desk.register(orders)
    const { error } = await watching.until('fault')
    expect(error).toMatchObject({ code: 'EARSHOT_DISCOVERY' })
    isBroken = false
    desk.renew(token)
    await clock.advance(0)
    expect(told).toHaveLength(1)
  })

  it('takes back everything when it is closed, and takes nothing more', async () => {
    desk.register(orders)
    await clock.advance(0)
    await desk.close()
    expect(told).toEqual([])
    expect(clock.pending).toBe(0)
    const late = () => desk.register(orders)
    expect(late).toThrow(expect.objectContaining({ code: 'EARSHOT_CLOSED' }))
  })

  it.each([
    ['', null],
    ['/name', { ...orders, name: '' }],
    ['/name', { ...orders, name: 'x'.repeat(101) }],
    ['/inbox', { ...orders, inbox: [] }],
    ['/inbox', { ...orders, inbox: 'tcp://10.0.0.7:1' }],
    ['/inbox', { ...orders, inbox: Array(17).fill('tcp://10.0.0.7:1') }],
    ['/inbox/1', { ...orders, inbox: ['tcp://10.0.0.7:1', 'http://x'] }],
    ['/inbox/0', { ...orders, inbox: [{ toString: () => 'tcp://10.0.0.7:1' }] }],
    ['/inbox/0', { ...orders, inbox: [`ipc:///${'x'.repeat(300)}`] }],
    ['/epoch', { ...orders, id: 'ab'.repeat(16) }],
    ['/id', { ...orders, epoch: 1 }],
    ['/id', { ...orders, id: '../../etc/passwd', epoch: 1 }],
    ['/epoch', { ...orders, id: 'ab'.repeat(16), epoch: -1 }],
  ])('refuses a service with a wrong %s', (path, service) => {
    const refused = expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID', path })
    expect(() => desk.register(service as never)).toThrow(refused)
    expect(clock.pending).toBe(0)
  })

  it.each([0, 999, 60_001, Number.NaN, '5000'])('refuses a lease of %j ms', (leaseMs) => {
    const refused = expect.objectContaining({ path: '/leaseMs' })
    expect(() => desk.register(orders, leaseMs as number)).toThrow(refused)
  })

  it('refuses a limit that is none', () => {
    expect(() => registrar({ limit: 0 })).toThrow(expect.objectContaining({ path: '/limit' }))
  })
})
