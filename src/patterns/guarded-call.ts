// Owns what a client's method does around a request: time of the caller, hedge, fallback.
// Nothing of it costs a call that does not ask for it. Never sends: requests do.

import { EitherSignal } from '../base/abort-listeners.ts'
import type { EarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import { eitherSignal, expired, withinMs } from '../resilience/deadline.ts'
import { createFallback } from '../resilience/fallback.ts'
import { hedge } from '../resilience/hedge.ts'
import type { CallOptions, Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import { headersWithin } from './message.ts'
import type { Requests } from './request.ts'
import { tellBy } from './said-aloud.ts'

/** One call, its time-out worked out. */
export type Call = (
  body: unknown,
  timeoutMs: number,
  options: Stoppable<CallOptions> | undefined,
) => Promise<unknown>

/** Requests of one channel under their policies. */
export function guardedCall(requests: Requests, routes: ChannelRoutes, policy: CallPolicy): Call {
  const { fallback, onFallback } = policy.settings
  const call = hedgedCall(requests, routes, policy)
  if (fallback === undefined) return call
  const { clock, counters } = policy.parts
  const around = createFallback(fallback, clock, (used) => {
    counters.fallbacksUsed++
    tellBy(onFallback, 'onFallback', policy.key, { ...used, channel: policy.key })
  })
  return (body, timeoutMs, options) => around(call(body, timeoutMs, options), body)
}

function hedgedCall(requests: Requests, routes: ChannelRoutes, policy: CallPolicy): Call {
  const { settings, latency, parts } = policy
  const plain: Call = (body, timeoutMs, options) =>
    requests.call(routes, body, timeoutMs, options, policy)
  const { hedge: hedging } = settings
  if (hedging === undefined) return plain
  return (body, timeoutMs, options) => {
    const afterMs = hedging.afterMs ?? latency?.percentile(hedging.percentile)
    const fixed = options?.to !== undefined || options?.key !== undefined
    if (afterMs === undefined || fixed || afterMs >= timeoutMs) {
      return plain(body, timeoutMs, options)
    }
    let first = policy.lastRemote
    return hedge({
      clock: parts.clock,
      afterMs,
      may: () => {
        if (routes.linked().length < 2 || !parts.budget.take(parts.clock.nowMs())) return false
        parts.counters.requestsHedged++
        return true
      },
      run: (second, own) => {
        const signal = options?.signal ? new EitherSignal(own, options.signal) : own
        const wish = { ...options, signal }
        if (second) {
          // The second is not tried again, and is not a request that adds to the budget.
          const tries = Math.max(2, settings.retry?.tries ?? 2)
          return requests.call(routes, body, timeoutMs - afterMs, wish, policy, tries, first)
        }
        const answer = plain(body, timeoutMs, wish)
        first = policy.lastRemote
        return answer
      },
    })
  }
}

/**
 * The time that a call has: its own, or less if the handler that makes it has less.
 * @returns an error when there is none left
 */
export function timeFor(
  key: string,
  ownMs: number,
  options: Pick<CallOptions, 'context'> | undefined,
): number | EarshotError {
  const leftMs = withinMs(ownMs, options?.context)
  if (leftMs > 0) return leftMs
  return expired(key, 'caller', 'the handler that makes this call has no time left')
}

/**
 * With a context the call also ends when the caller of its handler no longer waits, and says what
 * caused it.
 */
export function optionsFor<O extends Pick<CallOptions, 'context' | 'signal' | 'headers'>>(
  options: O | undefined,
): Stoppable<O> | undefined {
  if (options?.context === undefined) return options
  const signal = eitherSignal(options.signal, options.context)
  const headers = headersWithin(options.headers, options.context)
  return { ...options, ...(signal && { signal }), ...(headers && { headers }) }
}
