// Owns stand-ins for remote peers that serve, as far as a choice between them looks at them.
// Never opens a link: tests of balance alone are made of these.

import type { Place } from '../../src/mesh/arrangement.ts'
import { type Balance, defaultBalance, resolveBalance } from '../../src/mesh/balance.ts'
import { ChannelRoutes } from '../../src/mesh/channel-routes.ts'
import { type Route, RouteList } from '../../src/mesh/route-list.ts'

export const seed: number = Number(process.env.EARSHOT_SEED ?? Date.now() % 2 ** 31)
export const here: Place = { host: 'here', zone: 'a' }

export interface Server {
  name: string
  load: number
  link: { outbound: { full: boolean; waitingBytes: number } } | undefined
}
type Change = Partial<Record<'id' | 'host' | 'zone' | 'version', string> & { weight: number }>

/** A remote peer that serves, as far as a choice looks at it. */
export function server(
  name: string,
  change: Change = {},
): { readonly route: Route; readonly remote: Server } {
  const { id = `${name}-id`, host = 'there', zone = '', ...rest } = change
  const remote = {
    ...{ id, name, load: 0, hello: { host, zone } },
    link: { outbound: { full: false, waitingBytes: 0 } },
    info: () => ({ id, name, zone }),
  }
  const route = { remote, code: 8, version: '1.2.0', weight: 1, ...rest }
  return { route: route as unknown as Route, remote: remote as unknown as Server }
}

export function routesOf(
  servers: readonly ReturnType<typeof server>[],
  balance?: Balance,
  draws: number = seed,
): { list: RouteList; routes: ChannelRoutes } {
  const list = new RouteList({} as never, undefined)
  for (const { route } of servers) list.put(route)
  const settings = resolveBalance(balance, undefined, '', 1) ?? defaultBalance
  return { list, routes: new ChannelRoutes(list, settings, here, draws) }
}

export const nameOf = (route: Route | undefined): string => route?.remote.name ?? 'nobody'

/** How often each is chosen. */
export function counts(
  routes: ChannelRoutes,
  times: number,
  choose: () => Route | undefined = () => routes.pick(),
): Record<string, number> {
  const found: Record<string, number> = {}
  for (let time = 0; time < times; time++) {
    const name = nameOf(choose())
    found[name] = (found[name] ?? 0) + 1
  }
  return found
}
