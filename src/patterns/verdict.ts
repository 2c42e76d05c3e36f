// Owns the words for what became of a send.
// Never finds out: patterns do.

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
