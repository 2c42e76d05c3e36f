// Owns guessing what a mistyped name was meant to be. Never guesses wildly: far names are no match.

/** The name with the fewest edits to `wanted`; undefined when none is near. */
export function nearest(wanted: string, names: Iterable<string>): string | undefined {
  const asked = wanted.toLowerCase()
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1
  let found: string | undefined
  for (const name of names) {
    const edits = editsBetween(asked, name.toLowerCase())
    if (edits >= least) continue
    least = edits
    found = name
  }
  return found
}

/** Letters to insert, remove, replace or swap with their neighbour. */
function editsBetween(from: string, to: string): number {
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1]
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const least = Math.min(at(next, j - 1) + 1, at(row, j) + 1, at(row, j - 1) + (same ? 0 : 1))
      next.push(swapped ? Math.min(least, at(before, j - 2) + 1) : least)
    }
    before = row
    row = next
  }
  return at(row, to.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
