// Owns what a client does around a notification: another try where nothing was sent, a fallback.
// Never sends: notifications do. What has left is never sent again.

import { addAbortListener, removeAbortListener, type Stop } from '../base/abort-listeners.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import { createFallback } from '../resilience/fallback.ts'
import { cancelled, type Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import type { Notifications, NotifyOptions } from './notification.ts'
import { tellBy } from './said-aloud.ts'
import type { Verdict } from './verdict.ts'

type Options = Stoppable<NotifyOptions> | undefined
type Send = (body: unknown, ms: number, options: Options) => Promise<unknown>

/** Notifications of one channel under their policies. */
export function guardedSend(
  notifications: Notifications,
  routes: ChannelRoutes,
  policy: CallPolicy,
): Send {
  const { fallback, onFallback, retry } = policy.settings
  const { clock, counters } = policy.parts
  const plain: Send = (body, ms, options) => notifications.send(routes, body, ms, options, policy)
  const tried = retry === undefined ? plain : withRetry(plain, policy)
  if (fallback === undefined) return tried
  const around = createFallback(fallback, clock, (used) => {
    counters.fallbacksUsed++
    tellBy(onFallback, 'onFallback', policy.key, { ...used, channel: policy.key })
  })
  return async (body, ms, options) => {
    const delivered = Promise.resolve(tried(body, ms, options)).then((verdict) => {
      const lost = lossOf(verdict as Verdict, policy.key)
      if (lost) throw lost
      return { verdict }
    })
    const given = await around(delivered, body)
    // What a fallback makes of it is its own affair: the verdict says that it was asked.
    if (isDelivered(given)) return given.verdict
    return { became: 'dropped', by: 'sender', why: 'fallback' } satisfies Verdict
  }
}

function isDelivered(given: unknown): given is { readonly verdict: unknown } {
  return typeof given === 'object' && given !== null && 'verdict' in given
}

/** Tries again what has certainly not been sent, from the budget that calls have, too. */
function withRetry(send: Send, policy: CallPolicy): Send {
  const { clock, budget, counters } = policy.parts
  return async (body, ms, options) => {
    const sentMs = clock.nowMs()
    const endMs = sentMs + ms
    budget.count(sentMs)
    for (let tries = 1; ; tries++) {
      let verdict: unknown
      let error: EarshotError | undefined
      try {
        verdict = await send(body, Math.max(1, endMs - clock.nowMs()), options)
        error = withdrawn(verdict as Verdict, policy.key)
        if (error === undefined) return verdict
      } catch (thrown) {
        error = toEarshotError(thrown)
      }
      const of = { sentMs, timeoutMs: ms, endMs, tries, options, guard: undefined, ticket: 0 }
      const waitMs = policy.retryAfter(of, error)
      if (waitMs === undefined) {
        if (verdict === undefined) throw error
        return verdict
      }
      counters.requestsRetried++
      await pause(policy, waitMs, options?.signal)
    }
  }
}

function pause({ parts }: CallPolicy, ms: number, signal: Stop | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = parts.clock.after(ms, () => {
      if (signal) removeAbortListener(signal, onAbort)
      resolve()
    })
    const onAbort = () => {
      timer.cancel()
      reject(cancelled(signal as Stop, 'no'))
    }
    if (signal) addAbortListener(signal, onAbort)
  })
}

/** Its receiver served the channel when it was sent, and no longer does: another may. */
function withdrawn(verdict: Verdict, key: string): EarshotError | undefined {
  if (verdict.became !== 'dropped' || verdict.why !== 'EARSHOT_CHANNEL_UNKNOWN') return undefined
  const text = `${key} is no longer served there`
  return new EarshotError('EARSHOT_CHANNEL_UNKNOWN', text, { sent: 'no', retryable: true })
}

/** For a fallback a message that was dropped has failed as much as one that was refused. */
function lossOf(verdict: Verdict, key: string): EarshotError | undefined {
  if (verdict.became !== 'dropped') return undefined
  const code = verdict.why === 'link-lost' ? 'EARSHOT_PEER_GONE' : 'EARSHOT_OVERLOADED'
  const text = `${key} was dropped by its ${verdict.by}: ${verdict.why}`
  return new EarshotError(code, text, { sent: 'no', data: { why: verdict.why } })
}
