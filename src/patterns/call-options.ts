// Owns what a caller may say with one call, and how a call is cancelled.
// Never sends.

import { addAbortListener, removeAbortListener, type Stop } from '../base/abort-listeners.ts'
import { nameFault } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'
import type { ChannelKind } from '../contract/channel.ts'
import type { Headers } from './headers.ts'
import type { Within } from './message.ts'

/** The body must not be changed until the call has ended: it may be sent again. */
export interface CallOptions {
  /** From the call to the answer, waiting for a server included. Default 2 000 ms. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly headers?: Headers
  /** Messages of one key go to one peer, as long as the same peers serve the contract. */
  readonly key?: string
  /** The id of the remote peer that shall have it, and no other. */
  readonly to?: string
  /**
   * The context of the handler that makes the call: the call gets no more time than that handler
   * has left, ends when its caller no longer waits, and carries on correlation, cause and trace.
   */
  readonly context?: Within
}

const ofOne = ['timeoutMs', 'signal', 'headers', 'key', 'to', 'context']
const ofFlow = [...ofOne, 'idleMs', 'ahead']
/** What may be said with a call of each kind; `event`: with a publication. */
export const callNames: Readonly<Record<ChannelKind, readonly string[]>> = {
  request: ofOne,
  notification: [...ofOne, 'until'],
  stream: ofFlow,
  duplex: ofFlow,
  scatter: ['withinMs', 'until', 'signal', 'headers', 'context'],
  event: ['timeoutMs', 'until', 'headers', 'context'],
}

/** Options as patterns have them: what ends the call may be two signals in one. */
export type Stoppable<O extends { readonly signal?: AbortSignal }> = Omit<O, 'signal'> & {
  readonly signal?: Stop
}

/** Why what a caller says with a call cannot be used; undefined when it can. */
export function optionFault(options: unknown, names: readonly string[]): EarshotError | undefined {
  if (options === undefined) return undefined
  if (typeof options !== 'object' || options === null) {
    return invalid('', 'what is said with a call is an object: { timeoutMs: 500 }')
  }
  const unknown = nameFault(options, names)
  if (unknown) return unknown
  const { signal, key, to, context } = options as { readonly [name in keyof CallOptions]: unknown }
  if (signal !== undefined && typeof Object(signal).addEventListener !== 'function') {
    return invalid('/signal', 'signal is an AbortSignal: new AbortController().signal')
  }
  if (key !== undefined && typeof key !== 'string') {
    return invalid('/key', 'key is a text: String(number) makes one of a number')
  }
  if (to !== undefined && typeof to !== 'string') {
    return invalid('/to', 'to is the id of a peer, as of peers()')
  }
  if (context !== undefined && (typeof context !== 'object' || context === null)) {
    return invalid('/context', 'context is the second argument of the handler that makes the call')
  }
  return undefined
}

function invalid(path: string, text: string): EarshotError {
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}

/** @param sent whether anything may have left this process already */
export function cancelled(signal: Stop, sent: 'no' | 'unknown'): EarshotError {
  return new EarshotError('EARSHOT_CANCELLED', 'the call was cancelled', {
    sent,
    cause: signal.reason,
  })
}

/**
 * Rejects as soon as `signal` aborts.
 * @param sent whether anything may have left this process when that happens
 */
export async function abortable(
  work: Promise<void>,
  signal: Stop | undefined,
  sent: 'no' | 'unknown' = 'no',
): Promise<void> {
  if (!signal) return work
  // Whoever no longer waits for it does not hear how it ended.
  work.catch(() => undefined)
  if (signal.aborted) throw cancelled(signal, sent)
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled(signal, sent))
    addAbortListener(signal, onAbort)
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    removeAbortListener(signal, onAbort)
  }
}
