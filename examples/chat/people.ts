// How people are called: by name, and where two have one name, by a piece of their peer's id, too.

import { cleanText } from './clean-text.ts'

const ID_DIGITS = 4

export interface Person {
  readonly id: string
  readonly name: string
}

export class People {
  readonly #idsByName = new Map<string, Set<string>>()

  meet({ id, name }: Person): void {
    const ids = this.#idsByName.get(name) ?? new Set()
    this.#idsByName.set(name, ids.add(id))
  }

  label({ id, name }: Person): string {
    this.meet({ id, name })
    const isShared = (this.#idsByName.get(name)?.size ?? 0) > 1
    return isShared ? `${cleanText(name)}#${cleanText(id.slice(0, ID_DIGITS))}` : cleanText(name)
  }
}
