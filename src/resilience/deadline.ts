// Owns the arithmetic of deadlines along a chain of calls: what is left only ever shrinks.
// Never reads a clock: instants come from the caller, and are of one process.

import { EitherSignal, type Stop } from '../base/abort-listeners.ts'
import { EarshotError } from '../base/errors.ts'

/** What a handler hands on to the calls that it makes; its context is one. */
export interface Inherited {
  /** ms until its own caller stops waiting; Infinity for no end. */
  readonly remainingMs: number
  /** Aborted when its own caller no longer waits. */
  readonly signal: AbortSignal
}

/** Where work was found to be too late. */
export type ExpiredWhere = 'caller' | 'outbound' | 'serving-queue'

/** The shorter of what a call may take and what its caller has left. */
export function withinMs(ownMs: number, inherited: Partial<Inherited> | undefined): number {
  return Math.min(ownMs, inherited?.remainingMs ?? ownMs)
}

/** Ends when either does. */
export function eitherSignal(
  own: AbortSignal | undefined,
  { signal }: Partial<Inherited>,
): Stop | undefined {
  return own === undefined || signal === undefined ? (own ?? signal) : new EitherSignal(own, signal)
}

/** The work has not been begun, and will not be. */
export function expired(channel: string, where: ExpiredWhere, text: string): EarshotError {
  return new EarshotError('EARSHOT_DEADLINE', `${channel}: ${text}`, { data: { where } })
}
