// How messages are shared out among those who serve: turn, load, key, weight.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Balance } from '../../src/mesh/balance.ts'
import type { ChannelRoutes } from '../../src/mesh/channel-routes.ts'
import type { Remote } from '../../src/mesh/remote.ts'
import type { Route } from '../../src/mesh/route-list.ts'
import { counts, nameOf, routesOf, seed, server } from './servers.ts'

const names = (count: number) => Array.from({ length: count }, (_, at) => `peer${at}`)

describe(`turns (seed ${seed})`, () => {
  it.each(['two', 'turn', 'least'] as const)('are equal where all are alike, by %s', (by) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        (many, rounds) => {
          const { routes } = routesOf(
            names(many).map((name) => server(name)),
            by,
          )
          const found = counts(routes, many * rounds)
          expect(Object.values(found)).toEqual(names(many).map(() => rounds))
        },
      ),
      { seed },
    )
  })

  it('are as many as the weights of the servers say, and evenly spread', () => {
    const { routes } = routesOf([server('x', { weight: 3 }), server('y')])
    const order = Array.from({ length: 8 }, () => nameOf(routes.pick()))
    expect(order.filter((name) => name === 'x')).toHaveLength(6)
    expect(order.join(' ')).not.toContain('y y')
  })

  it('are shares to 1 % of all, whatever the weights', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(weights, (all) => {
        const servers = all.map((weight, at) => server(`peer${at}`, { weight }))
        const { routes } = routesOf(servers, 'turn')
        const total = all.reduce((sum, weight) => sum + weight, 0)
        const found = counts(routes, 12_000)
        for (const [at, weight] of all.entries()) {
          const share = (found[`peer${at}`] ?? 0) / 12_000
          expect(Math.abs(share - weight / total)).toBeLessThan(0.01)
        }
      }),
      { seed, numRuns: 30 },
    )
  })

  it('follow a table by name or id, and a function of the peer', () => {
    const servers = () => [server('x'), server('y'), server('z')]
    const table = routesOf(servers(), { weights: { x: 2, 'y-id': 0 } })
    expect(counts(table.routes, 30)).toEqual({ x: 20, z: 10 })
    const asked = routesOf(servers(), { weights: ({ name }) => (name === 'z' ? 8 : 1) })
    expect(counts(asked.routes, 100)).toEqual({ x: 10, y: 10, z: 80 })
  })

  it('are nobody of weight 0, until nobody else can', () => {
    const spare = server('spare', { weight: 0 })
    const usual = server('usual')
    const { routes } = routesOf([spare, usual])
    expect(counts(routes, 5)).toEqual({ usual: 5 })
    usual.remote.link = undefined
    expect(counts(routes, 5)).toEqual({ spare: 5 })
  })

  it('pass over a full link, and go to the one that has least waiting if all are full', () => {
    const servers = [server('x'), server('y'), server('z')]
    const { routes } = routesOf(servers)
    const outbounds = servers.map(({ remote }) => remote.link?.outbound)
    for (const [at, outbound] of outbounds.entries()) {
      Object.assign(outbound as object, { full: true, waitingBytes: [30, 10, 20][at] })
    }
    expect(counts(routes, 3)).toEqual({ y: 3 })
    Object.assign(outbounds[2] as object, { full: false })
    expect(counts(routes, 3)).toEqual({ z: 3 })
  })

  it('stay where they are for a try that avoids somebody', () => {
    const servers = [server('x'), server('y')]
    const { routes } = routesOf(servers, 'turn')
    const [x] = servers
    expect(nameOf(routes.pick(undefined, x?.route.remote))).toBe('y')
    expect(counts(routes, 2)).toEqual({ x: 1, y: 1 })
  })

  it('go on when a peer changes what it offers', () => {
    const servers = names(3).map((name) => server(name))
    const { list, routes } = routesOf(servers, 'turn')
    const order: string[] = []
    for (let time = 0; time < 6; time++) {
      order.push(nameOf(routes.pick()))
      list.put({ ...(servers[time % 3]?.route as Route), code: 16 + time })
    }
    expect(order).toEqual(['peer0', 'peer1', 'peer2', 'peer0', 'peer1', 'peer2'])
  })
})

describe(`load (seed ${seed})`, () => {
  /** Calls that end after as many ticks as their server takes; one begins each tick. */
  function simulate(balance: Balance, takes: Readonly<Record<string, number>>) {
    const servers = Object.keys(takes).map((name) => server(name))
    const { routes } = routesOf(servers, balance)
    const ends: { at: number; remote: Remote }[] = []
    const found: Record<string, number> = {}
    for (let tick = 0; tick < 5_000; tick++) {
      for (const end of ends.filter(({ at }) => at === tick)) end.remote.load--
      const { remote } = routes.pick() as Route
      remote.load++
      ends.push({ at: tick + (takes[remote.name] as number), remote })
      found[remote.name] = (found[remote.name] ?? 0) + 1
    }
    return found
  }

  it('gives a slow peer few calls, by two and by least, and its full share by turn', () => {
    const takes = { slow: 400, b: 8, c: 8, d: 8 }
    expect(simulate('turn', takes).slow).toBe(1_250)
    expect(simulate('two', takes).slow).toBeLessThan(400)
    expect(simulate('least', takes).slow).toBeLessThan(80)
  })

  it('is measured against the weight', () => {
    const big = server('big', { weight: 4 })
    const small = server('small')
    const { routes } = routesOf([big, small], 'least')
    big.remote.load = 7
    small.remote.load = 2
    expect(counts(routes, 4)).toEqual({ big: 4 })
  })

  it('of another version is no reason to leave the share of a version', () => {
    const old = server('old', { version: '1.2.0' })
    const canary = server('canary', { version: '1.3.1' })
    const { routes } = routesOf([old, canary], { by: 'least', versions: { '^1.3': 5, '^1.2': 95 } })
    old.remote.load = 1_000
    expect(counts(routes, 2_000)).toEqual({ canary: 100, old: 1_900 })
  })
})

describe(`keys (seed ${seed})`, () => {
  const all = Array.from({ length: 4_000 }, (_, at) => `customer-${at}`)
  const homes = (routes: ChannelRoutes) => all.map((key) => nameOf(routes.choose({ key })))

  it('are spread evenly, and the same by every caller', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer(), (many, draws) => {
        const servers = names(many).map((name) => server(name))
        const found = homes(routesOf(servers).routes)
        expect(homes(routesOf(servers.toReversed(), 'least', draws).routes)).toEqual(found)
        for (const name of names(many)) {
          const share = found.filter((home) => home === name).length / all.length
          // Six standard deviations.
          const spread = 6 * Math.sqrt(((1 / many) * (1 - 1 / many)) / all.length)
          expect(Math.abs(share - 1 / many)).toBeLessThan(spread)
        }
      }),
      { seed, numRuns: 20 },
    )
  })

  it('move only from a peer that leaves, and only to a peer that comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.nat(), (many, which) => {
        const servers = names(many).map((name) => server(name, { weight: 1 + (which % 3) }))
        const { list, routes } = routesOf(servers)
        const before = homes(routes)
        const gone = servers[which % many] as ReturnType<typeof server>
        list.remove(gone.route.remote)
        const after = homes(routes)
        for (const [at, home] of before.entries()) {
          if (home !== gone.remote.name) expect(after[at]).toBe(home)
        }
        list.put(gone.route)
        expect(homes(routes)).toEqual(before)
      }),
      { seed, numRuns: 20 },
    )
  })

  it('of one name are shared out by id; a name of one alone outlives its id', () => {
    const twins = ['one', 'two', 'three'].map((id) => server('twin', { id }))
    const single = server('single', { id: 'first life' })
    const home = (route: Route | undefined) => route?.remote.id
    const all4 = routesOf([...twins, single])
    const found = all.map((key) => home(all4.routes.choose({ key })))
    for (const { route } of [...twins, single]) {
      const share = found.filter((id) => id === route.remote.id).length / all.length
      expect(Math.abs(share - 1 / 4)).toBeLessThan(0.04)
    }
    const again = server('single', { id: 'second life' })
    const after = routesOf([again, ...twins]).routes
    const renamed = found.map((id) => (id === 'first life' ? 'second life' : id))
    expect(all.map((key) => home(after.choose({ key })))).toEqual(renamed)
    // Of twins alone, as of peers with names of their own, only the keys of who leaves move.
    const { list, routes } = routesOf(twins)
    const before = all.map((key) => home(routes.choose({ key })))
    list.remove((twins[1] as ReturnType<typeof server>).route.remote)
    const rest = all.map((key) => home(routes.choose({ key })))
    for (const [at, id] of before.entries()) if (id !== 'two') expect(rest[at]).toBe(id)
  })

  it('go by weight, whatever the zone', () => {
    const servers = [
      server('near', { host: 'here' }),
      server('far', { zone: 'b', weight: 3 }),
      server('spare', { weight: 0 }),
    ]
    const found = homes(routesOf(servers, { zones: true }).routes)
    const share = found.filter((home) => home === 'far').length / all.length
    expect(share).toBeGreaterThan(0.7)
    expect(share).toBeLessThan(0.8)
    expect(found).not.toContain('spare')
  })

  it('may be a field of the body', () => {
    const { routes } = routesOf(
      names(5).map((name) => server(name)),
      { key: 'customer' },
    )
    const byBody = (customer: unknown) =>
      nameOf(routes.choose(undefined, undefined, undefined, { customer }))
    expect(all.map(byBody)).toEqual(homes(routes))
    expect(byBody(7)).toBe(nameOf(routes.choose({ key: '7' })))
    // Without the field, and with a key said with the call, as ever.
    expect(new Set(Array.from({ length: 5 }, () => byBody(undefined))).size).toBe(5)
    const body = { customer: 'x' }
    expect(nameOf(routes.choose({ key: 'customer-9' }, undefined, undefined, body))).toBe(
      byBody('customer-9'),
    )
  })
})
