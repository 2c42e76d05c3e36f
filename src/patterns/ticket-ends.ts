// Owns the last words about tickets: said when one ends here, and again by the next link, because
// who serves keeps a ticket until it hears them.
// Never keeps more of them than there may be tickets: what is older goes by its deadline.

import { dropOldest } from '../base/drop-oldest.ts'
import type { Link, Remote } from '../mesh/remote.ts'
import type { Ticketing } from '../wire/record.ts'
import { sayWord, wordOf } from './ticket-words.ts'

interface LastWord {
  readonly doing: typeof Ticketing.done | typeof Ticketing.cancel
  /** By which it was said last. */
  readonly link: Link
}

export class TicketEnds {
  readonly #most: number
  /** By the name of the ticket, the oldest first. */
  readonly #said = new Map<string, LastWord>()

  /** @param most last words that are kept */
  constructor(most: number) {
    this.#most = most
  }

  /** Our side is through with it: has the answer, or wants none. */
  say(link: Link, doing: LastWord['doing'], id: string): void {
    sayWord(link, doing, wordOf(id))
    this.#said.set(id, { doing, link })
    dropOldest(this.#said, this.#most)
  }

  /** The peer has another link: what was said by one that is closed now may be lost. */
  again(remote: Remote): void {
    const { id: peer, link } = remote
    if (!link) return
    for (const [id, { doing, link: before }] of this.#said) {
      if (!before.closed || before.remote?.id !== peer) continue
      if (sayWord(link, doing, wordOf(id))) this.#said.set(id, { doing, link })
    }
  }

  /** The peer has forgotten its tickets. */
  forget({ id: peer }: Remote): void {
    for (const [id, { link }] of this.#said) if (link.remote?.id === peer) this.#said.delete(id)
  }
}
