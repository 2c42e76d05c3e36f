// Owns the form of what `earshot bench run --json` prints. Never filled in here: `run.ts` does.

import type { Percentiles } from './histogram.ts'
import type { AtRate, InFlight } from './latency.ts'
import type { OneWay } from './one-way.ts'

export interface RunDocument {
  readonly server: { readonly id: string; readonly name: string; readonly host: string }
  /** The host that measured. */
  readonly from: string
  /** `ipc` or `tcp`. */
  readonly transport: string
  /** A mesh secret was in the environment: all is encrypted. */
  readonly secured: boolean
  readonly oneWay?: readonly OneWay[]
  readonly latency?: {
    readonly oneAtATime: Percentiles
    /** In the order of `--rate`. */
    readonly atRates: readonly AtRate[]
  }
  readonly requests?: InFlight
}
