// Owns the links that we have welcomed and of which nothing was heard since. Who dialled one may
// have given it up meanwhile (another address was sooner, or we were late), with all that would be
// on its way by then. Never says that a peer is up: membership does, at the next word.

import type { Hello } from '../wire/hello.ts'
import type { Identity } from './introduction.ts'
import type { Link } from './remote.ts'

export interface Greeting {
  readonly hello: Hello
  readonly who: Identity | undefined
  /** Of what we offer, as our welcome told it. */
  readonly toldRevision: number
}

export class Greeted {
  readonly #links = new Map<Link, Greeting>()

  get size(): number {
    return this.#links.size
  }

  add(link: Link, greeting: Greeting): void {
    this.#links.set(link, greeting)
  }

  has(link: Link): boolean {
    return this.#links.has(link)
  }

  /** Has this peer said hello to us, and been answered? */
  hasOf(id: string): boolean {
    for (const { hello } of this.#links.values()) if (hello.id === id) return true
    return false
  }

  /** It was heard again, or is over; undefined of one that is not among these. */
  take(link: Link): Greeting | undefined {
    const greeting = this.#links.get(link)
    this.#links.delete(link)
    return greeting
  }

  links(): Link[] {
    return [...this.#links.keys()]
  }

  /** Closes those whose key stands for nobody any more. */
  recheck(isTrusted: (curveKey: string) => boolean): void {
    for (const [link, { who }] of [...this.#links]) {
      if (who && !isTrusted(who.curveKey)) link.close(true)
    }
  }
}
