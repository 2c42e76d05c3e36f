// Owns which work is too old to begin: what waited too long, sooner while the queue stands.
// Never looks at the length of a queue: only its age says whether those who wait are still served.

export interface ShedSettings {
  /** Work that waited longer is refused. Default: half of its caller's time-out. */
  readonly afterMs: number | undefined
  /** As much of that holds once the queue has stood for so long. Default 0.25. */
  readonly standingShare: number
}

export const shedDefaults: ShedSettings = { afterMs: undefined, standingShare: 0.25 }

/**
 * A burst may wait; a queue that stands makes everybody late and serves nobody more, so that it is
 * cut down to its youngest. Source: the controlled delay of "Fail at Scale", ACM Queue 13 (8), 2015
 */
export class Shed {
  readonly #settings: ShedSettings
  /** When the queue was last known to be empty. */
  #emptyMs: number
  /** When work was last taken off it. */
  #takenMs: number

  constructor(settings: ShedSettings, nowMs: number) {
    this.#settings = settings
    this.#emptyMs = nowMs
    this.#takenMs = nowMs
  }

  /** @param budgetMs what its caller gave it when it came; 0 for no end */
  refuses(nowMs: number, ageMs: number, budgetMs: number): boolean {
    const cameMs = nowMs - ageMs
    // It came after the last was taken: nobody stood before it.
    if (cameMs >= this.#takenMs) this.#emptyMs = cameMs
    this.#takenMs = nowMs
    const { afterMs = budgetMs / 2, standingShare } = this.#settings
    if (afterMs <= 0) return false
    const stands = nowMs - this.#emptyMs > afterMs
    return ageMs > (stands ? afterMs * standingShare : afterMs)
  }
}
