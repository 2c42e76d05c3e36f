// Owns the words for what became of a send, and refuses others.
// Never finds out: patterns do.

import { EarshotError } from '../base/errors.ts'

/** How much a sender waits to know. */
export type VerdictUntil = 'queued' | 'written' | 'received' | 'handled'

/** What became of a send, as far as the sender asked to know. */
export type Verdict =
  | {
      /**
       * `queued`: waits for the end of the turn, or for room. `written`: handed to the socket of
       * the link, or of the outlet. `received`: the other side has it and it fits. `handled`: its
       * handler is through.
       */
      readonly became: VerdictUntil
      /** The id of the peer that has it: a notification. */
      readonly to?: string
      /** Subscriptions that it reached, or that confirmed it: an event. */
      readonly listeners?: number
      /** Subscriptions that did not confirm it in time, or whose peer is gone. */
      readonly silent?: number
      /** Subscriptions at which it gave way, or whose handler failed. */
      readonly refused?: number
    }
  | {
      readonly became: 'dropped'
      readonly by: 'publisher' | 'sender' | 'receiver'
      /**
       * `no-listeners`; `overflow`: it gave way, by the channel's choice; `link-lost`: it never
       * left; or the code of the error with which the receiver refused it.
       */
      readonly why: string
      /** The id of the peer it was for. */
      readonly to?: string
    }

const ofNotifications: readonly unknown[] = ['queued', 'written', 'received', 'handled']

/** @throws EARSHOT_OPTION_INVALID for what an event or a notification cannot be waited for */
export function checkUntil(until: unknown, kind: 'event' | 'notification'): void {
  const known = kind === 'event' ? ofNotifications.slice(1) : ofNotifications
  if (known.includes(until)) return
  const text = `until is one of ${known.join(', ')}, not ${String(until)}`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/until' })
}
