// Owns what users put around messages, on their way out and on their way in.
// Never knows a pattern: it wraps whatever takes a message and a context.

import { EarshotError } from '../base/errors.ts'
import type { Channel } from '../contract/channel.ts'
import type { HandlerContext } from './call-context.ts'
import type { CallOptions } from './call-options.ts'
import type { EventContext } from './subscriber.ts'

/** What takes a message: the next middleware, and in the end the channel or the handler. */
export type Next<C> = (message: unknown, context: C) => unknown

/** `(next) => (message, context) => next(message, context)`. */
export type Middleware<C> = (next: Next<C>) => Next<C>

/** What is about to leave. What `next` returns is what the caller gets, by kind of channel. */
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
