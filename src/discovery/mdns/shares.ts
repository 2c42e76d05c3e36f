// Owns who has told how much of what a cache holds, by the address that it was heard from: when it
// is full, who has told most gives way. Never holds anything alive that the cache has dropped.

import type { Instance } from './instance.ts'

export class Shares {
  readonly #told = new Map<string, Set<Instance>>()

  add(instance: Instance): void {
    const told = this.#told.get(instance.source)
    if (told) told.add(instance)
    else this.#told.set(instance.source, new Set([instance]))
  }

  remove(instance: Instance): void {
    const told = this.#told.get(instance.source)
    if (told?.delete(instance) && told.size === 0) this.#told.delete(instance.source)
  }

  /**
   * The last that was told by who has told most: it makes room for what `source` tells. Undefined
   * where `source` would itself have told as much by then.
   */
  givingWay(source: string): Instance | undefined {
    let most = (this.#told.get(source)?.size ?? 0) + 1
    let largest: Set<Instance> | undefined
    for (const told of this.#told.values()) {
      if (told.size <= most) continue
      most = told.size
      largest = told
    }
    return largest && [...largest].at(-1)
  }
}
