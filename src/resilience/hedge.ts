// Owns the second call beside a slow first one: whichever answers first counts, the other is ended.
// Never for what may not be done twice: its caller sees to that.

import type { Clock } from '../base/clock.ts'
import { isEarshotError } from '../base/errors.ts'

export interface HedgeSettings {
  /** After how long a second peer is asked. Default: what 95 % of the calls take. */
  readonly afterMs: number | undefined
  readonly percentile: number
}

export const hedgeDefaults: HedgeSettings = { afterMs: undefined, percentile: 0.95 }

export interface Hedged<T> {
  readonly clock: Clock
  readonly afterMs: number
  /** Asked at that moment: is there somebody else, and budget? */
  may(): boolean
  /** Makes the call; ended by the signal when the other has answered. */
  run(second: boolean, signal: AbortSignal): Promise<T>
}

/**
 * Resolves with the first answer, or rejects with it where it is an error that the contract
 * declares. When all that run have failed it rejects with the first error that does not rule out
 * that the work was done, or else with the first.
 */
export function hedge<T>({ clock, afterMs, may, run }: Hedged<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const controllers: AbortController[] = []
    let running = 0
    let failure: unknown
    const start = (second: boolean) => {
      const own = new AbortController()
      controllers.push(own)
      running++
      const end = () => {
        timer.cancel()
        for (const other of controllers) if (other !== own) other.abort()
      }
      const won = (answer: T) => {
        resolve(answer)
        end()
      }
      const lost = (error: unknown) => {
        if (isAnswer(error)) {
          reject(error)
          end()
          return
        }
        if (failure === undefined || (isUndone(failure) && !isUndone(error))) failure = error
        if (--running > 0) return
        timer.cancel()
        reject(failure)
      }
      run(second, own.signal).then(won, lost)
    }
    const timer = clock.after(afterMs, () => {
      if (may()) start(true)
    })
    start(false)
  })
}

/** What the contract declares: the other peer would say no more. */
function isAnswer(error: unknown): boolean {
  return isEarshotError(error) && error.code === 'EARSHOT_DECLARED'
}

/** Certainly nothing was done of what failed so. */
function isUndone(error: unknown): boolean {
  return isEarshotError(error) && error.sent === 'no'
}
