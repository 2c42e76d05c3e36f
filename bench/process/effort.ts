// Owns how much work a run does: how long, how often. Never what is measured.

/** Bytes, or several sizes in turn. */
export type ItemSize = number | 'mixed'

/** How long a measurement of throughput takes. */
export interface Times {
  readonly seconds: number
  readonly warmUpMs: number
}

export interface Effort extends Times {
  readonly quick: boolean
  /** The systems take turns so often. */
  readonly rounds: number
  /** Of opaque bytes, one way. */
  readonly sizes: readonly ItemSize[]
  readonly encryptedSizes: readonly ItemSize[]
  readonly memorySeconds: number
  /** Buffers and heaps have their size by then. */
  readonly memoryWarmUpMs: number
  readonly idleSeconds: number
  /** Requests per second. */
  readonly rates: readonly number[]
}

export const fullEffort: Effort = {
  quick: false,
  seconds: 1.5,
  warmUpMs: 700,
  rounds: 3,
  sizes: [16, 100, 1_024, 65_536, 'mixed'],
  encryptedSizes: [100, 1_024, 65_536],
  memorySeconds: 60,
  memoryWarmUpMs: 3_000,
  idleSeconds: 10,
  rates: [1, 10, 100, 1_000, 10_000],
}

export const quickEffort: Effort = {
  quick: true,
  seconds: 0.05,
  warmUpMs: 50,
  rounds: 1,
  sizes: [100, 'mixed'],
  encryptedSizes: [100],
  memorySeconds: 4,
  memoryWarmUpMs: 1_000,
  idleSeconds: 1,
  rates: [10, 100, 1_000, 10_000],
}

/** Says what is being measured now. */
export type Progress = (what: string) => void
