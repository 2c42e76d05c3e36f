// Owns how many retries and hedges a client may make: a share of its requests, and a few a second.
// Hot path: a count a request. Never a debt: what was not used within the window is gone.

import { TimeWindow } from './time-window.ts'

export interface BudgetSettings {
  /** Retries for each request. Default 0.2. */
  readonly share: number
  /** And so many a second, so that who calls seldom may retry at all. Default 10. */
  readonly perSecond: number
}

export const budgetDefaults: BudgetSettings = { share: 0.2, perSecond: 10 }

/** Over so long the sums are made up. */
export const BUDGET_WINDOW_MS = 10_000
const BUCKETS = 10

export class RetryBudget {
  readonly #settings: BudgetSettings
  readonly #window = new TimeWindow(BUDGET_WINDOW_MS, BUCKETS)

  constructor(settings: BudgetSettings = budgetDefaults) {
    this.#settings = settings
  }

  /** A request was made, for the first time. */
  count(nowMs: number): void {
    this.#window.add(nowMs, 1, 0)
  }

  /** One repeat, if there is one left: then it is taken. */
  take(nowMs: number): boolean {
    const { share, perSecond } = this.#settings
    const most = share * this.#window.all(nowMs) + (perSecond * BUDGET_WINDOW_MS) / 1_000
    if (this.#window.marked(nowMs) + 1 > most) return false
    this.#window.add(nowMs, 0, 1)
    return true
  }
}
