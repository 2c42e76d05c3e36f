// Owns what a client does around a question to all: what it gets when nobody answered.
// Never asks: scatters do, each peer under its breaker and bulkhead.

import { EarshotError, isEarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import { createFallback, type Fallback } from '../resilience/fallback.ts'
import type { Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import { tellBy } from './said-aloud.ts'
import type { ScatterAnswer, Scattered, ScatterOptions, Scatters } from './scatter.ts'

type Options = Stoppable<ScatterOptions>
type Answers = readonly ScatterAnswer<unknown>[]

/** Questions of one channel under their policies. */
export interface GuardedScatter {
  ask(question: unknown, timeoutMs: number, options?: Options): Promise<Scattered<unknown>>
  each(
    question: unknown,
    timeoutMs: number,
    options?: Options,
  ): AsyncIterableIterator<ScatterAnswer<unknown>>
}

/** Who answers when nobody did. */
const nobody = Object.freeze({ id: '', name: 'fallback' })

export function guardedScatter(
  scatters: Scatters,
  routes: ChannelRoutes,
  policy: CallPolicy,
): GuardedScatter {
  const { fallback, onFallback } = policy.settings
  const plain: GuardedScatter = {
    ask: (question, ms, options) => scatters.ask(routes, question, ms, options, policy),
    each: (question, ms, options) => scatters.each(routes, question, ms, options, policy),
  }
  if (fallback === undefined) return plain
  const { clock, counters } = policy.parts
  const around = createFallback(asAnswers(fallback), clock, (used) => {
    counters.fallbacksUsed++
    tellBy(onFallback, 'onFallback', policy.key, { ...used, channel: policy.key })
  }) as (answers: Promise<Answers>, question: unknown) => Promise<Answers>
  return {
    ask: async (question, ms, options) => {
      const result = plain.ask(question, ms, options)
      let found: Scattered<unknown> = { answers: [], silent: [], failed: [], enough: false }
      let none: EarshotError | undefined
      const answers = result.then((scattered) => {
        found = scattered
        if (scattered.answers.length > 0) return scattered.answers
        none = errorOf(scattered, policy.key)
        throw none
      })
      try {
        const given = await around(answers, question)
        const { silent, failed, enough } = found
        return { answers: given, silent, failed, enough }
      } catch (error) {
        // There is no fallback for that: what became of each is told as ever.
        if (error !== undefined && error === none) return found
        throw error
      }
    },
    each: (question, ms, options) => eachOr(plain.each(question, ms, options), question, around),
  }
}

async function* eachOr(
  each: AsyncIterableIterator<ScatterAnswer<unknown>>,
  question: unknown,
  around: (answers: Promise<Answers>, question: unknown) => Promise<Answers>,
): AsyncGenerator<ScatterAnswer<unknown>> {
  const came: ScatterAnswer<unknown>[] = []
  let failed: EarshotError | undefined
  try {
    for await (const answer of each) {
      came.push(answer)
      yield answer
    }
  } catch (error) {
    if (!isEarshotError(error)) throw error
    failed = error
  }
  if (failed === undefined && came.length > 0) {
    await around(Promise.resolve(came), question)
    return
  }
  failed ??= silence('the question')
  yield* await around(Promise.reject(failed), question)
}

/** One answer of nobody, or those that came the last time. */
function asAnswers(fallback: Fallback): Fallback {
  if ('cache' in fallback) return fallback
  const make = 'from' in fallback ? fallback.from : () => fallback.value
  return { from: async (error, body) => [{ from: nobody, answer: await make(error, body) }] }
}

/** Why there is no answer at all: what the first failed with, or that all were silent. */
function errorOf({ failed }: Scattered<unknown>, key: string): EarshotError {
  return failed[0]?.error ?? silence(key)
}

function silence(key: string): EarshotError {
  return new EarshotError('EARSHOT_TIMEOUT', `nobody has answered ${key}`)
}
