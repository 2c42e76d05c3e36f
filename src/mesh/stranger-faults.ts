// Owns what is said of strangers at our sockets: who was not let in, and what was no message.
// Never says more of it than the log can bear: a flood of strangers is told by its number.

import type { Clock, Timer } from '../base/clock.ts'
import { type Diagnostic, reportFault } from '../base/diagnostics.ts'
import type { Limits } from '../base/limits.ts'
import type { Counters } from './counters.ts'

const SECOND_MS = 1_000

export class StrangerFaults {
  readonly #clock: Clock
  readonly #counters: Counters
  readonly #most: number
  #told = 0
  #withheld = 0
  /** Set while a second runs in which something was told. */
  #second: Timer | undefined

  constructor(clock: Clock, counters: Counters, { maxStrangerFaults }: Limits) {
    this.#clock = clock
    this.#counters = counters
    this.#most = maxStrangerFaults
  }

  /** Somebody without a key of this mesh was not let in. */
  refused(text: string): void {
    this.#counters.strangersRefused++
    this.#tell({ area: 'link', text, code: 'EARSHOT_SECURITY' })
  }

  /** Something arrived at a socket that the transport itself could not pass on. */
  malformed(socket: string, text: string): void {
    this.#counters.badFrames++
    this.#tell({ area: 'link', text: `at the ${socket}: ${text}`, code: 'EARSHOT_BYTES_INVALID' })
  }

  close(): void {
    this.#second?.cancel()
  }

  #tell(fault: Diagnostic): void {
    this.#second ??= this.#clock.after(SECOND_MS, () => this.#sum(), true)
    if (this.#told < this.#most) {
      this.#told++
      reportFault(fault)
    } else this.#withheld++
  }

  #sum(): void {
    const withheld = this.#withheld
    this.#told = 0
    this.#withheld = 0
    this.#second = undefined
    if (withheld === 0) return
    const text =
      `${withheld} more like that within a second were not told one by one ` +
      `(maxStrangerFaults): strangersRefused and badFrames of stats() count them`
    reportFault({ area: 'link', text })
  }
}
