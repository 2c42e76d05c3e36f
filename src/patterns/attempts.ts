// Owns the failed requests that wait to be tried again; each still ends by its own deadline.
// Never on the path of a call that succeeds.

import { addAbortListener, removeAbortListener, type Stop } from '../base/abort-listeners.ts'
import type { Clock } from '../base/clock.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Counters } from '../mesh/counters.ts'
import type { Remote } from '../mesh/remote.ts'
import { type CallOptions, cancelled, type Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import type { PendingRequest } from './pending-requests.ts'

/** All that the next try needs. */
export interface Repeat {
  readonly routes: ChannelRoutes
  readonly body: unknown
  readonly options: Stoppable<CallOptions> | undefined
  readonly policy: CallPolicy
  readonly tries: number
  readonly endMs: number
  /** Who failed: asked again only when nobody else is there. */
  readonly avoid: Remote | undefined
}

export class Attempts {
  readonly #clock: Clock
  readonly #counters: Counters
  readonly #again: (repeat: Repeat) => Promise<unknown>
  /** What ends each of those that wait. */
  readonly #waiting = new Set<(error: EarshotError) => void>()

  constructor(clock: Clock, counters: Counters, again: (repeat: Repeat) => Promise<unknown>) {
    this.#clock = clock
    this.#counters = counters
    this.#again = again
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** True when the request is tried again: its promise is no longer the caller's to settle. */
  takesOver(request: PendingRequest, error: EarshotError): boolean {
    const { policy, routes, resolve, reject } = request
    if (policy === undefined || routes === undefined) return false
    const waitMs = policy.retryAfter(request, error)
    if (waitMs === undefined) return false
    const { body, options, tries, endMs, link } = request
    const repeat = { routes, body, options, policy, tries: tries + 1, endMs, avoid: link?.remote }
    const fail = (last: unknown) => reject(afterTries(toEarshotError(last), error))
    this.#counters.requestsRetried++
    this.#wait(waitMs, options?.signal, fail, () => this.#again(repeat).then(resolve, fail))
    return true
  }

  /** Ends all that wait. */
  close(error: EarshotError): void {
    for (const end of this.#waiting) end(error)
  }

  #wait(
    waitMs: number,
    signal: Stop | undefined,
    fail: (error: EarshotError) => void,
    then: () => void,
  ): void {
    const stop = () => {
      timer.cancel()
      this.#waiting.delete(end)
      if (signal) removeAbortListener(signal, onAbort)
    }
    const end = (error: EarshotError) => {
      stop()
      fail(error)
    }
    const onAbort = () => end(cancelled(signal as Stop, 'no'))
    const timer = this.#clock.after(waitMs, () => {
      stop()
      then()
    })
    this.#waiting.add(end)
    if (signal) addAbortListener(signal, onAbort)
  }
}

/** The last error; if an earlier try may have done the work, so says the last one. */
function afterTries(last: EarshotError, earlier: EarshotError): EarshotError {
  if (last.sent === 'unknown' || earlier.sent === 'no') return last
  const { code, message, retryable, path, data } = last
  const where = path === undefined ? {} : { path }
  const text = `${message} (before that: ${earlier.message})`
  return new EarshotError(code, text, {
    cause: earlier,
    sent: 'unknown',
    retryable,
    data,
    ...where,
  })
}
