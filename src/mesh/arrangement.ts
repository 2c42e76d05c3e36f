// Owns how one client arranges the routes of a channel: who comes first, who gets which share.
// Runs when peers change, never for a message.

import type { BalanceSettings } from './balance.ts'
import type { Remote } from './remote.ts'
import { hash } from './rendezvous.ts'
import type { Route } from './route-list.ts'
import { type Candidate, Turns } from './turns.ts'

/** Where we are, for who is near. */
export interface Place {
  readonly host: string
  /** Empty: none was given. */
  readonly zone: string
}

/** A route that keys may be given to. */
export interface KeyedRoute {
  readonly route: Route
  readonly weight: number
  /** Of the peer's id. */
  readonly hash: number
}

/**
 * Those of one name, among whom its keys are given out by id. A name outlives a restart, so that
 * whoever has one of his own gets his keys back.
 */
export interface Home {
  readonly routes: readonly KeyedRoute[]
  /** Of all of them. */
  readonly weight: number
  /** Of their name. */
  readonly hash: number
}

export interface Arrangement {
  /** The nearest first; whoever is only for want of others comes last. */
  readonly tiers: readonly Turns[]
  readonly homes: readonly Home[]
  /** Do all homes weigh the same? */
  readonly even: boolean
}

interface Weighed {
  readonly route: Route
  readonly tier: number
  /** Which of the shares of versions, −1 for none of them. */
  readonly group: number
  readonly weight: number
}

/** Behind all that is near or far: weight 0, or a version without a share. */
const LAST_TIER = 3

/** @param next where each tier's turns go on, as far as they are known */
export function arrange(
  routes: readonly Route[],
  settings: BalanceSettings,
  own: Place,
  next: readonly number[],
  seed: number,
): Arrangement {
  const all = routes.map((route) => weigh(route, settings, own))
  const wanted = all.filter(({ tier }) => tier < LAST_TIER)
  const tiers = [...new Set(all.map(({ tier }) => tier))].sort((one, other) => one - other)
  const turnsOf = (tier: number, at: number) => {
    const candidates = shared(
      all.filter((one) => one.tier === tier),
      settings,
    )
    return new Turns(candidates, settings.by, next[at] ?? 0, seed + at)
  }
  const homes = homesOf(shared(wanted.length > 0 ? wanted : all, settings))
  const even = homes.every(({ weight }) => weight === homes[0]?.weight)
  return { tiers: tiers.map(turnsOf), homes, even }
}

function homesOf(candidates: readonly Candidate[]): Home[] {
  const byName = new Map<string, KeyedRoute[]>()
  for (const { route, weight } of candidates) {
    const { id, name } = route.remote
    const routes = byName.get(name) ?? []
    byName.set(name, routes)
    routes.push({ route, weight, hash: hash(id) })
  }
  return [...byName].map(([name, routes]) => {
    const weight = routes.reduce((sum, one) => sum + one.weight, 0)
    return { routes, weight, hash: hash(name) }
  })
}

function weigh(route: Route, settings: BalanceSettings, own: Place): Weighed {
  const { versions, weightOf, zones } = settings
  const group = versions?.findIndex(({ range }) => range.includes(route.version)) ?? 0
  const weight = route.weight * (weightOf?.(route.remote.info()) ?? 1)
  const share = versions === undefined ? 1 : (versions[group]?.share ?? 0)
  if (weight * share === 0) return { route, group, weight: 1, tier: LAST_TIER }
  return { route, group, weight, tier: zones ? distance(route.remote, own) : 0 }
}

function distance({ hello }: Remote, { host, zone }: Place): number {
  if (hello.host === host) return 0
  return zone !== '' && hello.zone === zone ? 1 : 2
}

/** The share of a version is divided among those who have it. */
function shared(all: readonly Weighed[], { versions }: BalanceSettings): Candidate[] {
  const sums = new Map<number, number>()
  for (const { group, weight } of all) sums.set(group, (sums.get(group) ?? 0) + weight)
  return all.map(({ route, group, weight }) => {
    const share = versions === undefined ? 1 : versions[group]?.share || 1
    const divided = versions === undefined ? weight : (weight * share) / (sums.get(group) ?? 1)
    return { route, group, weight: divided }
  })
}
