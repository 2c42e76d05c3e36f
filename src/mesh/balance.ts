// Owns what a client may say of how its messages are shared out among those who serve, checked.
// Never chooses: the routes of a channel do.

import { checkNames, isObject, namesOf } from '../base/arguments.ts'
import { EarshotError, isEarshotError, textOf } from '../base/errors.ts'
import { parseVersionRange, type VersionRange } from '../contract/version-range.ts'
import type { RemotePeer } from './remote.ts'

/** How the peer for the next message is found, among those who may have it. */
export type BalanceBy = 'two' | 'turn' | 'least'

export interface BalanceOptions {
  /**
   * `two` (default): in turn, unless another, drawn at random, has less to do for us. `turn`: in
   * turn, whatever they have to do. `least`: whoever has least to do, in turn among equals. What a
   * peer has to do: requests and streams of ours under way there, and calls that failed lately.
   */
  readonly by?: BalanceBy
  /**
   * A field of the body: messages of one value go to one peer, as long as the same peers serve. It
   * keeps to weights and versions, not to zones, so that all callers find the same peer.
   */
  readonly key?: string
  /**
   * Shares, beside those that servers give themselves: by name or id of the peer (1 for whom it
   * does not name), or asked when peers change. 0: only when nobody else can.
   */
  readonly weights?: Readonly<Record<string, number>> | ((peer: RemotePeer) => number)
  /** True: those of this host first, then those of our zone, then the rest. Default false. */
  readonly zones?: boolean
  /**
   * Shares of versions, `{ '^1.3': 5, '^1.2': 95 }`, however many peers have them; the first range
   * that fits counts. Versions that fit none are for when nobody else can.
   */
  readonly versions?: Readonly<Record<string, number>>
}

export type Balance = BalanceBy | BalanceOptions

/** As it is used for one channel. */
export interface BalanceSettings {
  readonly by: BalanceBy
  readonly key: string | undefined
  readonly weightOf: ((peer: RemotePeer) => number) | undefined
  readonly zones: boolean
  readonly versions: readonly VersionShare[] | undefined
}

export interface VersionShare {
  readonly range: VersionRange
  readonly share: number
}

const ways: readonly BalanceBy[] = ['two', 'turn', 'least']
const MAX_WEIGHT = 1_000
const balanceNames = namesOf<BalanceOptions>({
  by: true,
  key: true,
  weights: true,
  zones: true,
  versions: true,
})

export const defaultBalance: BalanceSettings = {
  ...{ by: 'two', key: undefined, weightOf: undefined, zones: false, versions: undefined },
}

/**
 * The channel's settings over the client's; undefined where neither says anything.
 * @throws EARSHOT_OPTION_INVALID with the path of what cannot be used
 */
export function resolveBalance(
  client: Balance | undefined,
  channel: Balance | undefined,
  path: string,
  major: number,
): BalanceSettings | undefined {
  if (client === undefined && channel === undefined) return undefined
  for (const balance of [client, channel]) {
    if (balance === undefined || typeof balance === 'string') continue
    if (isObject(balance)) {
      checkNames(balance, balanceNames, `${path}/balance`)
      continue
    }
    throw invalid(`${path}/balance`, `is ${ways.join(', ')} or an object: { key: 'customer' }`)
  }
  const {
    by = 'two',
    key,
    weights,
    zones = false,
    versions,
  } = { ...said(client), ...said(channel) }
  if (!ways.includes(by)) throw invalid(`${path}/balance/by`, `is one of ${ways.join(', ')}`)
  if (key !== undefined && typeof key !== 'string') {
    throw invalid(`${path}/balance/key`, 'is the name of a field of the body')
  }
  if (typeof zones !== 'boolean') throw invalid(`${path}/balance/zones`, 'is true or false')
  return {
    ...{ by, key, zones },
    weightOf: weightsOf(weights, `${path}/balance/weights`),
    versions:
      versions === undefined ? undefined : sharesOf(versions, `${path}/balance/versions`, major),
  }
}

/** @throws EARSHOT_OPTION_INVALID */
export function checkWeight(weight: unknown, path: string): number {
  if (Number.isInteger(weight) && (weight as number) >= 0 && (weight as number) <= MAX_WEIGHT) {
    return weight as number
  }
  throw invalid(path, `is a whole number from 0 to ${MAX_WEIGHT}, not ${String(weight)}`)
}

function said(balance: Balance | undefined): BalanceOptions {
  return typeof balance === 'string' ? { by: balance } : { ...balance }
}

function weightsOf(
  weights: BalanceOptions['weights'],
  path: string,
): BalanceSettings['weightOf'] | undefined {
  if (weights === undefined) return undefined
  if (typeof weights === 'function') {
    return (peer) => {
      const where = `${path}/${peer.name}`
      try {
        return checkWeight(weights(peer), where)
      } catch (cause) {
        if (isEarshotError(cause)) throw cause
        throw invalid(where, `cannot be had: ${textOf(cause)}`, cause)
      }
    }
  }
  if (!isTable(weights)) throw invalid(path, 'is a table, { orders: 4 }, or a function of a peer')
  const table = new Map<string, number>()
  for (const [who, weight] of Object.entries(weights)) {
    table.set(who, checkWeight(weight, `${path}/${who}`))
  }
  return ({ id, name }) => table.get(id) ?? table.get(name) ?? 1
}

function sharesOf(
  versions: Readonly<Record<string, number>>,
  path: string,
  major: number,
): readonly VersionShare[] {
  const shares = Object.entries(isTable(versions) ? versions : {}).map(([range, share]) => {
    const where = `${path}/${range}`
    return { range: parseVersionRange(range, major), share: checkWeight(share, where) }
  })
  if (shares.some(({ share }) => share > 0)) return shares
  throw invalid(path, "has a share above 0 for some version: { '^1.3': 5, '^1.2': 95 }")
}

/** A map has no entries of its own: what it says would be passed over. */
function isTable(value: unknown): value is Readonly<Record<string, number>> {
  return isObject(value) && !(value instanceof Map)
}

function invalid(path: string, what: string, cause?: unknown): EarshotError {
  const text = `option ${path.slice(1)} ${what}`
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path, cause })
}
