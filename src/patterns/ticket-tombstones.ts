// Owns the names of tickets that have ended at who serves them: what asks for one again comes late,
// by a link that was slower than the one by which it ended, and begins nothing.
// Never keeps more of them than there may be tickets: the oldest go.

import { dropOldest } from '../base/drop-oldest.ts'

export class TicketTombstones {
  readonly #most: number
  /** By the name of the ticket, who ended it, the oldest first. */
  readonly #ended = new Map<string, string>()

  /** @param most names that are kept */
  constructor(most: number) {
    this.#most = most
  }

  /** @param caller the id of the peer whose ticket it is */
  add(id: string, caller: string): void {
    this.#ended.set(id, caller)
    dropOldest(this.#ended, this.#most)
  }

  /** Nobody but its caller ends a ticket: what another said of that name says nothing. */
  has(id: string, caller: string): boolean {
    return this.#ended.get(id) === caller
  }
}
