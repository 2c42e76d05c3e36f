// Owns the trade between bytes and time: at which speed of a link a smaller codec wins.
// Never measures.

/** What one message costs in one codec. */
export interface Cost {
  readonly id: string
  readonly bytes: number
  /** Encode and decode. */
  readonly cpuNs: number
}

/** The codec to choose on links of up to so many Mbit/s; the last has no end. */
export interface Choice {
  readonly id: string
  readonly belowMbit: number | undefined
}

/** Encode, decode and the bytes on a link of this speed, one after the other. */
export function costNs({ bytes, cpuNs }: Cost, mbit: number): number {
  return cpuNs + (bytes * 8 * 1_000) / mbit
}

/**
 * Mbit/s below which `small` wins over `quick`: bits saved divided by time lost. Undefined where
 * there is no trade: `small` is not smaller, or not slower.
 */
export function breakEvenMbit(small: Cost, quick: Cost): number | undefined {
  const savedBits = (quick.bytes - small.bytes) * 8
  const lostNs = small.cpuNs - quick.cpuNs
  return savedBits > 0 && lostNs > 0 ? (savedBits * 1_000) / lostNs : undefined
}

/** The best codec for each speed, from the slowest link to the fastest. */
export function choices(costs: readonly Cost[]): Choice[] {
  const ordered = [...costs].sort((a, b) => a.bytes - b.bytes || a.cpuNs - b.cpuNs)
  const [smallest] = ordered
  if (!smallest) return []
  const found: Choice[] = []
  let current = smallest
  for (;;) {
    const next = nextAfter(current, ordered)
    if (!next) return [...found, { id: current.id, belowMbit: undefined }]
    found.push({ id: current.id, belowMbit: next.mbit })
    current = next.cost
  }
}

/** The first to win over `current` as links become faster. */
function nextAfter(
  current: Cost,
  costs: readonly Cost[],
): { cost: Cost; mbit: number } | undefined {
  let first: { cost: Cost; mbit: number } | undefined
  for (const cost of costs) {
    if (cost.cpuNs >= current.cpuNs) continue
    // As small and quicker: it wins at once.
    const mbit = breakEvenMbit(current, cost) ?? 0
    const isFirst = !first || mbit < first.mbit
    if (isFirst || (mbit === first?.mbit && cost.cpuNs < first.cost.cpuNs)) first = { cost, mbit }
  }
  return first
}
