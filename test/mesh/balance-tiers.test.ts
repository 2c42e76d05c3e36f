// Who comes first, and who gets what the first do not take: zones and shares of versions.

import { describe, expect, it } from 'vitest'
import { defaultBalance } from '../../src/mesh/balance.ts'
import { ChannelRoutes } from '../../src/mesh/channel-routes.ts'
import type { Route } from '../../src/mesh/route-list.ts'
import { counts, nameOf, routesOf, seed, server } from './servers.ts'

const names = (count: number) => Array.from({ length: count }, (_, at) => `peer${at}`)

describe('zones', () => {
  const servers = () => ({
    local: server('local', { host: 'here', zone: 'b' }),
    zone: server('zone', { zone: 'a' }),
    far: server('far', { zone: 'b' }),
  })

  it('prefer this host, then our zone, then the rest, as long as there is room', () => {
    const { local, zone, far } = servers()
    const { list, routes } = routesOf([far, zone, local], { zones: true })
    expect(counts(routes, 4)).toEqual({ local: 4 })
    local.remote.link = undefined
    expect(counts(routes, 4)).toEqual({ zone: 4 })
    Object.assign(zone.remote.link?.outbound as object, { full: true })
    expect(counts(routes, 4)).toEqual({ far: 4 })
    const isNear = ({ remote }: Route) => remote.name === 'zone'
    const notFar = { admits: isNear, passesOver: () => false }
    expect(nameOf(routes.pick(notFar))).toBe('zone')
    list.remove(far.route.remote)
    list.remove(zone.route.remote)
    expect(counts(routes, 1)).toEqual({ nobody: 1 })
  })

  it('leave to the next what the near one would refuse, if there is a next', () => {
    const { local, far } = servers()
    const { list, routes } = routesOf([far, local], { zones: true })
    const asked: string[] = []
    const filter = {
      admits: () => true,
      passesOver: ({ remote }: Route) => asked.push(remote.name) > 0,
    }
    expect(counts(routes, 3, () => routes.pick(filter))).toEqual({ far: 3 })
    expect(asked).toEqual(['local', 'local', 'local'])
    far.remote.link = undefined
    expect(nameOf(routes.pick(filter))).toBe('local')
    list.remove(far.route.remote)
    expect(nameOf(routes.pick(filter))).toBe('local')
  })

  it('without a name of ours are this host and the rest; unless asked for, nothing', () => {
    const { zone, far } = servers()
    const nowhere = new ChannelRoutes(
      routesOf([zone, far]).list,
      { ...defaultBalance, zones: true },
      { host: 'here', zone: '' },
      seed,
    )
    expect(counts(nowhere, 4)).toEqual({ zone: 2, far: 2 })
    expect(counts(routesOf(Object.values(servers())).routes, 9)).toEqual({
      ...{ local: 3, zone: 3, far: 3 },
    })
  })
})

describe('versions', () => {
  it('have the share that they are given, however many peers have them', () => {
    const old = names(7).map((name) => server(name, { version: '1.2.4' }))
    const canary = [server('canary', { version: '1.3.0' }), server('other', { version: '1.1.0' })]
    const { routes } = routesOf([...old, ...canary], { versions: { '^1.3': 5, '~1.2': 95 } })
    const { canary: found, other, ...rest } = counts(routes, 20_000)
    expect((found as number) / 20_000).toBeCloseTo(0.05, 2)
    expect(other).toBeUndefined()
    for (const count of Object.values(rest)) expect(count / 20_000).toBeCloseTo(0.95 / 7, 2)
  })

  it('leave all to the others when one has nobody, and to the rest when none has', () => {
    const canary = server('canary', { version: '1.3.0' })
    const { list, routes } = routesOf([canary], { versions: { '^1.3': 5, '~1.2': 95 } })
    expect(counts(routes, 3)).toEqual({ canary: 3 })
    list.remove(canary.route.remote)
    list.put(server('other', { version: '1.1.0' }).route)
    expect(counts(routes, 3)).toEqual({ other: 3 })
  })
})
