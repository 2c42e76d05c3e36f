// Owns what a client may say of its policies, the defaults, and how channel, client and default
// are laid over each other.
// Never applies them: call-policy.ts does.

import { checkNames, isObject, namesOf } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { ChannelKind } from '../contract/channel.ts'
import type { Balance } from '../mesh/balance.ts'
import { type BreakerSettings, type BreakerState, breakerDefaults } from '../resilience/breaker.ts'
import type { Fallback, FallbackUsed } from '../resilience/fallback.ts'
import { type HedgeSettings, hedgeDefaults } from '../resilience/hedge.ts'
import { type RetrySettings, retryDefaults } from '../resilience/retry.ts'
import { type BudgetSettings, budgetDefaults } from '../resilience/retry-budget.ts'

/** A breaker of this client has opened, closed, or lets one call try. */
export interface BreakerChange {
  /** `shop.orders/1/place` */
  readonly channel: string
  readonly peer: { readonly id: string; readonly name: string }
  readonly state: BreakerState
  readonly before: BreakerState
}

export interface BreakerOptions extends Partial<BreakerSettings> {
  /**
   * Does this error speak against the peer? Default: time-outs, lost peers, unreadable answers; not
   * what a handler throws, and not what the peer refuses because it has too much to do.
   */
  readonly counts?: (error: EarshotError) => boolean
  readonly onChange?: (change: BreakerChange) => void
}

export interface RetryOptions extends Partial<RetrySettings> {
  /** Shared by all channels of the client; only the client's own setting counts. */
  readonly budget?: Partial<BudgetSettings>
}

export interface BulkheadOptions {
  /** Outstanding requests of one channel at one remote peer. Default 8 192. */
  readonly perPeer?: number
  /** Of one channel. Default 16 384. */
  readonly perChannel?: number
  /** Of the client; only the client's own setting counts. Default 32 768. */
  readonly perClient?: number
}

/** How calls of a client, or of one of its channels, fail well. `false` switches one off. */
export interface PolicyOptions<R = unknown, B = never> {
  /** For every call that does not say otherwise. Default 2 000 ms. */
  readonly timeoutMs?: number
  /** How messages are shared out among those who serve. Default `two`. */
  readonly balance?: Balance
  /** On: idempotent channels, and what has not been sent; elsewhere if possible, from a budget. */
  readonly retry?: false | RetryOptions
  /** On: one for each remote peer and channel. */
  readonly breaker?: false | BreakerOptions
  /** On. */
  readonly bulkhead?: false | BulkheadOptions
  /** Off: a second call beside a slow first one, on idempotent channels, from the same budget. */
  readonly hedge?: boolean | Partial<HedgeSettings>
  /**
   * None: what the caller gets instead of an error. Of a scatter: instead of no answer at all, as
   * an answer from `fallback`. Of a notification: is told of one that was not delivered.
   */
  readonly fallback?: false | Fallback<R, B>
  readonly onFallback?: (used: FallbackUsed & { readonly channel: string }) => void
}

/** The settings of one channel of one client; undefined is switched off. */
export interface ChannelPolicy {
  readonly retry: RetrySettings | undefined
  readonly breaker: BreakerSettings | undefined
  /** Unless said otherwise, slow depends on the time-out of the call. */
  readonly slowIsGiven: boolean
  readonly counts: ((error: EarshotError) => boolean) | undefined
  readonly onChange: ((change: BreakerChange) => void) | undefined
  readonly perPeer: number
  readonly perChannel: number
  readonly hedge: HedgeSettings | undefined
  readonly fallback: Fallback | undefined
  readonly onFallback: PolicyOptions['onFallback']
}

/** Of a request, a scatter or a notification. */
const callNames: readonly string[] = namesOf<PolicyOptions>({
  timeoutMs: true,
  balance: true,
  retry: true,
  breaker: true,
  bulkhead: true,
  hedge: true,
  fallback: true,
  onFallback: true,
})
/** Of a stream or a duplex: the others would not hold. */
const flowNames: readonly string[] = ['timeoutMs', 'balance']
export const clientNames: readonly string[] = [...callNames, 'version', 'use', 'channels']

/** What a client may say of a channel of that kind, by name. */
export function channelNames(kind: ChannelKind): readonly string[] {
  return kind === 'stream' || kind === 'duplex' ? flowNames : callNames
}

/** @throws EARSHOT_OPTION_INVALID with the path of what cannot be used */
export function resolvePolicy(
  client: PolicyOptions,
  channel: PolicyOptions,
  idempotent: boolean,
  path: string,
  limits: Limits,
): ChannelPolicy {
  checkGiven(channel, path)
  const retry = laid(client.retry, channel.retry)
  const breaker = laid(client.breaker, channel.breaker)
  const bulkhead = laid(client.bulkhead, channel.bulkhead)
  const hedging = channel.hedge ?? client.hedge ?? false
  if (channel.hedge && !idempotent) {
    const text = 'only idempotent channels are hedged: request(…, { idempotent: true })'
    throw invalid(`${path}/hedge`, text)
  }
  const hedge = hedging === true ? {} : hedging
  const { counts, onChange, ...breaking } = breaker || {}
  const { budget: _, ...retrying } = retry || {}
  const unbounded = Number.POSITIVE_INFINITY
  const fallback = channel.fallback ?? client.fallback
  return {
    retry: retry && numbers({ ...retryDefaults, ...retrying }, `${path}/retry`),
    breaker: breaker && numbers({ ...breakerDefaults, ...breaking }, `${path}/breaker`),
    slowIsGiven: breaking.slowMs !== undefined,
    counts,
    onChange,
    ...numbers(
      {
        perPeer: bulkhead ? (bulkhead.perPeer ?? limits.maxRequestsPerPeer) : unbounded,
        perChannel: bulkhead ? (bulkhead.perChannel ?? limits.maxRequestsPerChannel) : unbounded,
      },
      `${path}/bulkhead`,
    ),
    hedge: hedge && idempotent ? { ...hedgeDefaults, ...checked(hedge, path) } : undefined,
    fallback: fallback ? usable(fallback, `${path}/fallback`) : undefined,
    onFallback: channel.onFallback ?? client.onFallback,
  }
}

export interface ClientSettings {
  readonly budget: BudgetSettings
  readonly perClient: number
}

/** What all channels of a client share. */
export function resolveClient(client: PolicyOptions, limits: Limits): ClientSettings {
  checkGiven(client, '')
  const budget = client.retry ? client.retry.budget : undefined
  const bulkhead = client.bulkhead || undefined
  const perClient = bulkhead?.perClient ?? limits.maxRequestsPerClient
  return {
    budget: numbers({ ...budgetDefaults, ...budget }, '/retry/budget'),
    ...numbers(
      { perClient: client.bulkhead === false ? Number.POSITIVE_INFINITY : perClient },
      '/bulkhead',
    ),
  }
}

const settingsOf = {
  retry: [...Object.keys(retryDefaults), 'budget'],
  breaker: [...Object.keys(breakerDefaults), 'counts', 'onChange'],
  bulkhead: ['perPeer', 'perChannel', 'perClient'],
  hedge: Object.keys(hedgeDefaults),
} as const

/** @throws EARSHOT_OPTION_INVALID for what is no policy, or has a setting that there is not */
function checkGiven(options: PolicyOptions, path: string): void {
  const given: unknown = options
  if (!isObject(given)) throw invalid(path, 'settings of a channel are an object')
  for (const [name, names] of Object.entries(settingsOf)) {
    const policy = given[name]
    const isSwitch = policy === undefined || policy === false
    if (isSwitch || (name === 'hedge' && policy === true)) continue
    checkSettings(policy, names, `${path}/${name}`, `${name} is false or an object`)
  }
  const { retry, breaker, onFallback } = options
  if (retry && retry.budget !== undefined) {
    checkSettings(retry.budget, Object.keys(budgetDefaults), `${path}/retry/budget`, 'is an object')
  }
  const { counts, onChange } = breaker || {}
  for (const [name, listener] of Object.entries({ counts, onChange, onFallback })) {
    if (listener === undefined || typeof listener === 'function') continue
    throw invalid(`${path}/${name === 'onFallback' ? name : `breaker/${name}`}`, 'is a function')
  }
}

function checkSettings(given: unknown, names: readonly string[], path: string, text: string): void {
  if (!isObject(given)) throw invalid(path, `${text}: ${names.join(', ')}`)
  checkNames(given, names, path)
}

/** The channel's settings over the client's; `false` of the channel wins, and is undefined. */
function laid<T extends object>(client: false | T | undefined, channel: false | T | undefined) {
  if (channel === false || (channel === undefined && client === false)) return undefined
  const given = Object.entries({ ...(client || undefined), ...channel })
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Partial<T>
}

/** @throws EARSHOT_OPTION_INVALID for what is no number above 0, or no share of 1 */
function numbers<T extends object>(settings: T, path: string): T {
  for (const [name, value] of Object.entries(settings)) {
    const share = name === 'threshold' || name === 'share' || name === 'percentile'
    const least = name === 'perSecond' || name === 'baseMs' || share ? 0 : Number.MIN_VALUE
    const fits = typeof value === 'number' && value >= least && (!share || value <= 1)
    if (fits) continue
    const wanted = share ? 'a share from 0 to 1' : 'a number above 0'
    throw invalid(`${path}/${name}`, `${name} is ${wanted}, not ${String(value)}`)
  }
  return settings
}

function checked(hedge: Partial<HedgeSettings>, path: string): Partial<HedgeSettings> {
  const { afterMs, ...rest } = hedge
  numbers(rest, `${path}/hedge`)
  if (afterMs !== undefined) numbers({ afterMs }, `${path}/hedge`)
  return hedge
}

function usable(fallback: Fallback, path: string): Fallback {
  const text = 'a fallback is { value }, { from: (error, body) => … } or { cache }'
  if (typeof fallback !== 'object') throw invalid(path, text)
  if ('cache' in fallback && fallback.cache !== true) {
    checkCache(fallback.cache, `${path}/cache`)
  }
  if ('value' in fallback || 'cache' in fallback) return fallback
  if ('from' in fallback && typeof fallback.from === 'function') return fallback
  throw invalid(path, text)
}

function checkCache(cache: unknown, path: string): void {
  if (!isObject(cache)) throw invalid(path, 'a cache is true or { maxItems, maxAgeMs, keyOf }')
  checkNames(cache, ['maxItems', 'maxAgeMs', 'keyOf'], path)
  const { maxItems = 1, maxAgeMs = 1, keyOf } = cache
  // Without an end it would keep all that was ever asked for.
  if (!Number.isSafeInteger(maxItems) || (maxItems as number) < 1) {
    throw invalid(`${path}/maxItems`, `maxItems is a whole number from 1, not ${String(maxItems)}`)
  }
  numbers({ maxAgeMs }, path)
  if (keyOf === undefined || typeof keyOf === 'function') return
  throw invalid(`${path}/keyOf`, 'keyOf is a function of the body that gives a text')
}

export function invalid(path: string, text: string): EarshotError {
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}
