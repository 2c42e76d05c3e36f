// Owns how a Map that remembers stays within its bound: what was set first goes first.
// Never says what a bound is: limits do.

/** Keeps the `most` entries that were set last. */
export function dropOldest<K>(map: Map<K, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) return
    map.delete(oldest)
  }
}
