// Owns the turns of peers among whom one client's messages are shared out by weight.
// Hot path: `take` allocates nothing. Never knows why somebody has his weight.

import type { BalanceBy } from './balance.ts'
import type { Remote } from './remote.ts'
import type { Route } from './route-list.ts'

/** Which routes may be used just now; asked at each choice. */
export interface RouteFilter {
  admits(route: Route): boolean
  /** It may be used, but refuses some of what it gets: should one further away have this? */
  passesOver(route: Route): boolean
}

/** A route as one client sees it. */
export interface Candidate {
  readonly route: Route
  /** Share of the messages, against the others'; above 0. */
  readonly weight: number
  /** The share of its versions: only within it is one taken instead of another. */
  readonly group: number
}

/** Turns until they repeat, where weights are no small whole numbers: shares are true to 0.1 %. */
const TURNS = 1_000
/** Of each peer at least, where there are very many. */
const TURNS_EACH = 4

export class Turns {
  readonly candidates: readonly Candidate[]
  /** Whose turn it is, over and over: the heavier as often as it is heavier, evenly spread. */
  readonly #sequence: readonly Candidate[]
  readonly #by: BalanceBy
  #random: number
  next: number

  /** @param seed of the draws, any whole number */
  constructor(candidates: readonly Candidate[], by: BalanceBy, next: number, seed: number) {
    this.candidates = candidates
    this.#sequence = sequenceOf(candidates)
    this.#by = by
    this.next = next
    this.#random = seed | 1
  }

  /** Of those with a link that has room; undefined when there is none. */
  take(filter: RouteFilter | undefined, avoid: Remote | undefined): Route | undefined {
    const sequence = this.#sequence
    for (let tries = sequence.length; tries > 0; tries--) {
      if (this.next >= sequence.length) this.next = 0
      const candidate = sequence[this.next++] as Candidate
      if (!isFree(candidate, filter, avoid)) continue
      if (this.#by === 'turn') return candidate.route
      return this.#by === 'two'
        ? this.#orDrawn(candidate, filter, avoid)
        : this.#orLightest(candidate, filter, avoid)
    }
    return undefined
  }

  #orDrawn(inTurn: Candidate, filter: RouteFilter | undefined, avoid: Remote | undefined): Route {
    // Nobody has less to do than nothing.
    if (inTurn.route.remote.load === 0) return inTurn.route
    // Xorshift: enough to draw lots. Source: Marsaglia (2003).
    let random = this.#random
    random ^= random << 13
    random ^= random >>> 17
    random ^= random << 5
    this.#random = random
    const drawn = this.#sequence[(random & 0x3fffffff) % this.#sequence.length] as Candidate
    return isLighter(drawn, inTurn) && isFree(drawn, filter, avoid) ? drawn.route : inTurn.route
  }

  #orLightest(
    inTurn: Candidate,
    filter: RouteFilter | undefined,
    avoid: Remote | undefined,
  ): Route {
    let lightest = inTurn
    for (let at = 0; at < this.candidates.length; at++) {
      const other = this.candidates[at] as Candidate
      if (isLighter(other, lightest) && isFree(other, filter, avoid)) lightest = other
    }
    return lightest.route
  }
}

/** Has less to do for its weight; equals are no reason to leave the turn. */
function isLighter(one: Candidate, other: Candidate): boolean {
  if (one.group !== other.group) return false
  return one.route.remote.load * other.weight < other.route.remote.load * one.weight
}

function isFree(
  { route }: Candidate,
  filter: RouteFilter | undefined,
  avoid: Remote | undefined,
): boolean {
  const { remote } = route
  const link = remote.link
  if (link === undefined || remote === avoid || remote.suspected) return false
  if (link.outbound.full) return false
  return filter === undefined || filter.admits(route)
}

/** As often as their weights say, each at even distances. */
function sequenceOf(candidates: readonly Candidate[]): readonly Candidate[] {
  const weights = candidates.map(({ weight }) => weight)
  const least = Math.min(...weights)
  if (weights.every((weight) => weight === least)) return candidates
  const whole = weights.map((weight) => weight / least)
  const total = whole.reduce((sum, weight) => sum + weight, 0)
  const isSmall = total <= TURNS && whole.every((weight) => Math.abs(weight % 1) < 1e-9)
  const turns = isSmall ? total : Math.max(TURNS, candidates.length * TURNS_EACH)
  const placed = candidates.flatMap((candidate, at) => {
    const count = Math.max(1, Math.round(((whole[at] as number) / total) * turns))
    return Array.from({ length: count }, (_, turn) => ({ candidate, at: (turn + 0.5) / count }))
  })
  return placed.sort((one, other) => one.at - other.at).map(({ candidate }) => candidate)
}
