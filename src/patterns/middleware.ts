// Owns what users put around messages, on their way out and on their way in.
// Never knows a pattern: it wraps whatever takes a message and a context.

import { EarshotError } from '../base/errors.ts'
import type { Channel } from '../contract/channel.ts'
import type { HandlerContext } from './call-context.ts'
import type { CallOptions } from './call-options.ts'
import type { EventContext } from './event-context.ts'

/** What takes a message: the next middleware, and in the end the channel or the handler. */
export type Next<C> = (message: unknown, context: C) => unknown

/** `(next) => (message, context) => next(message, context)`. */
export type Middleware<C> = (next: Next<C>) => Next<C>

/**
 * What is about to leave. What `next` returns is what the caller gets, by kind of channel: a
 * promise, or the items, ticket or talk themselves. Around tickets and talks it is not async.
 */
export interface Sending {
  readonly channel: Channel
  /** Of the call; hand on others by `next(message, { ...context, options })`. */
  readonly options: CallOptions | undefined
}

/** What has come: for a handler of a contract, or for one that hears events. */
export type Received = HandlerContext | EventContext

/** Around calls and publications, and around handlers. */
export interface PeerMiddleware {
  /**
   * Around all that clients of this peer send, and around `publish`; not around `publisher` and
   * `sender`, the hot paths. The first of the list is the outermost; a client's own come inside.
   */
  readonly calls?: readonly Middleware<Sending>[]
  /** Around all handlers and subscribers with a handler; those of `serve` come inside. */
  readonly handlers?: readonly Middleware<Received>[]
}

/** @throws EARSHOT_OPTION_INVALID for what is no list of functions */
export function checkMiddleware(use: unknown, path: string): void {
  if (use === undefined) return
  const wrong = Array.isArray(use) ? use.findIndex((one) => typeof one !== 'function') : undefined
  if (wrong === -1) return
  const at = wrong === undefined ? path : `${path}/${wrong}`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: at })
}

const text = 'a middleware is (next) => (message, context) => next(message, context), in a list'

/**
 * One that goes through all of the list, the first outermost; without any, `inner` itself.
 * @throws EARSHOT_OPTION_INVALID for what is no middleware
 */
export function through<C>(
  use: readonly Middleware<C>[],
  inner: Next<C>,
  path: string = '/use',
): Next<C> {
  return use.reduceRight<Next<C>>((next, one, index) => {
    const wrapped = typeof one === 'function' ? one(next) : undefined
    if (typeof wrapped === 'function') return wrapped
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: `${path}/${index}` })
  }, inner)
}

/** Items are awaited anyway, so that a middleware around a question for many may be async. */
export function readLater(result: unknown): unknown {
  if (!isPromise(result)) return result
  // Who never reads hears of no error, as ever.
  result.catch(() => undefined)
  return readFrom(result)
}

async function* readFrom(result: Promise<unknown>): AsyncGenerator<unknown> {
  yield* (await result) as AsyncIterable<unknown>
}

/**
 * A ticket or a talk is there at once: what an async middleware makes of it would be a promise.
 * @throws EARSHOT_OPTION_INVALID
 */
export function notLater(result: unknown, { key }: Channel, what: 'ticket' | 'talk'): unknown {
  if (!isPromise(result)) return result
  result.then(leave, () => undefined)
  const why = `a ${what} of ${key} is there at once, but a middleware around calls is async`
  const remedy = `let it return what next(…) gives, for context.channel "${key}" at least`
  throw new EarshotError('EARSHOT_OPTION_INVALID', `${why}: ${remedy}`, { path: '/use' })
}

/** Nobody has it: it must not go on. */
function leave(made: unknown): void {
  const { cancel, return: end } = Object(made) as { cancel?: unknown; return?: unknown }
  for (const stop of [cancel, end]) if (typeof stop === 'function') void stop.call(made)
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise
}
