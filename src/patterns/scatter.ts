// Owns a question to all who serve a channel: one request to each, and what became of them all.
// Never forgets one: who did not answer is named, with the reason.

import { addAbortListener, removeAbortListener, type Stop } from '../base/abort-listeners.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import { IterableQueue } from '../base/queue.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Route } from '../mesh/route-list.ts'
import { abortable, cancelled, type Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import type { RouteFinder } from './find-route.ts'
import { encodeHeaders, type Headers } from './headers.ts'
import type { Within } from './message.ts'
import type { Requests } from './request.ts'

export interface ScatterOptions {
  /** How long to wait for answers, in ms. Default: the client's `timeoutMs`, 2 000. */
  readonly withinMs?: number
  /**
   * How many answers are enough: of `all` peers that are known at the time of the question (the
   * default), of more than half of them, or so many. The others are then cancelled.
   */
  readonly until?: 'all' | 'quorum' | number
  readonly signal?: AbortSignal
  readonly headers?: Headers
  /** Of the handler that asks: no more time than it has left; correlation and trace go on. */
  readonly context?: Within
}

interface Answerer {
  readonly id: string
  readonly name: string
}

export interface ScatterAnswer<A> {
  readonly from: Answerer
  readonly answer: A
}

/** What became of a question to all; each list in the order in which it was known. */
export interface Scattered<A> {
  readonly answers: readonly ScatterAnswer<A>[]
  /** `late`; `gone`: left or died; `unneeded`: cancelled, since there were enough. */
  readonly silent: readonly {
    readonly from: Answerer
    readonly why: 'late' | 'gone' | 'unneeded'
  }[]
  /** Whose handler failed, or who refused. */
  readonly failed: readonly { readonly from: Answerer; readonly error: EarshotError }[]
  /** There are as many answers as `until` asked for. */
  readonly enough: boolean
}

/** Asks all peers that serve the channel. */
export interface Scatter<Q, A> {
  /**
   * Resolves when all have answered, when there are enough, or when the time is up.
   * @throws EARSHOT_NO_SERVER when there is nobody to ask, EARSHOT_BODY_INVALID,
   * EARSHOT_CANCELLED
   */
  (question: Q, options?: ScatterOptions): Promise<Scattered<A>>
  /** The answers as they come; leaving the loop cancels the others. */
  each(question: Q, options?: ScatterOptions): AsyncIterableIterator<ScatterAnswer<A>>
}

export class Scatters {
  readonly #mesh: Mesh
  readonly #requests: Requests
  readonly #finder: RouteFinder

  constructor(mesh: Mesh, requests: Requests, finder: RouteFinder) {
    this.#mesh = mesh
    this.#requests = requests
    this.#finder = finder
  }

  async ask(
    routes: ChannelRoutes,
    question: unknown,
    timeoutMs: number,
    options: Stoppable<ScatterOptions> = {},
    policy?: CallPolicy,
  ): Promise<Scattered<unknown>> {
    const { signal } = checked(options)
    const round = new Round()
    await this.#run(round, routes, question, timeoutMs, options, () => undefined, policy)
    if (signal?.aborted && !round.enough) throw cancelled(signal, 'unknown')
    const { answers, silent, failed, enough } = round
    return { answers, silent, failed, enough }
  }

  /** Nobody is asked before the first answer is asked for. */
  each(
    routes: ChannelRoutes,
    question: unknown,
    timeoutMs: number,
    options: Stoppable<ScatterOptions> = {},
    policy?: CallPolicy,
  ): AsyncIterableIterator<ScatterAnswer<unknown>> {
    checked(options)
    return this.#each(routes, question, timeoutMs, options, policy)
  }

  async *#each(
    routes: ChannelRoutes,
    question: unknown,
    timeoutMs: number,
    options: Stoppable<ScatterOptions>,
    policy: CallPolicy | undefined,
  ): AsyncGenerator<ScatterAnswer<unknown>> {
    const round = new Round()
    const { signal } = options
    const answers = new IterableQueue<ScatterAnswer<unknown>>(
      this.#mesh.parts.limits.maxPeers,
      'block',
    )
    const take = (answer: ScatterAnswer<unknown>) => void answers.push(answer)
    const run = this.#run(round, routes, question, timeoutMs, options, take, policy)
    const end = () => {
      if (signal?.aborted && !round.enough) answers.fail(cancelled(signal, 'unknown'))
      else answers.end()
    }
    run.then(end, (error: unknown) => answers.fail(error))
    try {
      yield* answers
    } finally {
      round.stop()
    }
  }

  async #run(
    round: Round,
    routes: ChannelRoutes,
    question: unknown,
    timeoutMs: number,
    options: Stoppable<ScatterOptions>,
    onAnswer: (answer: ScatterAnswer<unknown>) => void,
    policy: CallPolicy | undefined,
  ): Promise<void> {
    const { clock, limits } = this.#mesh.parts
    const { withinMs = timeoutMs, signal } = options
    const endMs = clock.nowMs() + withinMs
    // One that fits nobody is told at once, and not once for each.
    routes.local.check(question)
    encodeHeaders(options.headers, limits)
    if (signal?.aborted) throw cancelled(signal, 'no')
    const asked = await this.#all(routes, endMs, signal)
    if (signal?.aborted) throw cancelled(signal, 'no')
    round.asks(asked.length, neededOf(options, asked.length))
    const stop = () => round.stop()
    if (signal) addAbortListener(signal, stop)
    const leftMs = Math.max(1, endMs - clock.nowMs())
    const ask = async (route: Route) => {
      const from = route.remote.label
      const { headers } = options
      const call = { to: from.id, signal: round.signal, ...(headers && { headers }) }
      try {
        const answer = await this.#requests.call(routes, question, leftMs, call, policy)
        if (round.answered({ from, answer })) onAnswer({ from, answer })
      } catch (error) {
        round.unanswered(from, toEarshotError(error))
      }
    }
    await Promise.all(asked.map(ask))
    if (signal) removeAbortListener(signal, stop)
  }

  /** All who can be asked, as soon as there is one. */
  async #all(routes: ChannelRoutes, endMs: number, signal: Stop | undefined): Promise<Route[]> {
    const { parts, routing } = this.#mesh
    const options = signal && { signal }
    for (;;) {
      await this.#finder.anyone({ routes, endMs, options })
      // Those of another version, too, are to be asked, if they can be.
      const settled = routing.settled(routes)
      const leftMs = Math.max(1, endMs - parts.clock.nowMs())
      if (settled) await abortable(this.#mesh.atMost(leftMs, settled), signal)
      const asked = routes.linked()
      if (asked.length > 0) return asked
    }
  }
}

/** One question, and all that is known of its answers. */
class Round {
  readonly answers: ScatterAnswer<unknown>[] = []
  readonly silent: { from: Answerer; why: 'late' | 'gone' | 'unneeded' }[] = []
  readonly failed: { from: Answerer; error: EarshotError }[] = []
  #asked = 0
  #needed = 0
  readonly #controller = new AbortController()

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get enough(): boolean {
    return this.answers.length >= this.#needed
  }

  asks(asked: number, needed: number): void {
    this.#asked = asked
    this.#needed = needed
  }

  /** False for one too many. */
  answered(answer: ScatterAnswer<unknown>): boolean {
    // One that came with the last that was needed.
    if (this.signal.aborted) {
      this.silent.push({ from: answer.from, why: 'unneeded' })
      return false
    }
    this.answers.push(answer)
    if (this.enough) this.stop()
    return true
  }

  unanswered(from: Answerer, error: EarshotError): void {
    const why = silences[error.code]
    if (why) this.silent.push({ from, why })
    else this.failed.push({ from, error })
  }

  /** The others need not go on. An abort costs as much as some requests: none where all have. */
  stop(): void {
    const ended = this.answers.length + this.silent.length + this.failed.length
    if (this.#asked === 0 || ended < this.#asked) this.#controller.abort()
  }
}

/** Errors of a request that say that there is no answer, and no more than that. */
const silences: { readonly [code: string]: 'late' | 'gone' | 'unneeded' | undefined } = {
  EARSHOT_TIMEOUT: 'late',
  EARSHOT_PEER_GONE: 'gone',
  // It left between the look around and the call.
  EARSHOT_NO_SERVER: 'gone',
  EARSHOT_CANCELLED: 'unneeded',
}

function neededOf({ until = 'all' }: Pick<ScatterOptions, 'until'>, known: number): number {
  if (until === 'all') return known
  return until === 'quorum' ? Math.floor(known / 2) + 1 : until
}

/** @throws EARSHOT_OPTION_INVALID */
function checked(options: Stoppable<ScatterOptions>): Stoppable<ScatterOptions> {
  const { until = 'all', withinMs = 1 } = options
  const isCount = typeof until === 'number' && Number.isInteger(until) && until >= 1
  if (until !== 'all' && until !== 'quorum' && !isCount) {
    const text = `until is 'all', 'quorum' or a number from 1, not ${String(until)}`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/until' })
  }
  if (!(typeof withinMs === 'number' && withinMs > 0 && withinMs < 2 ** 31)) {
    const text = `withinMs is a number of ms above 0, not ${String(withinMs)}`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/withinMs' })
  }
  return options
}
