// Owns version numbers of contracts: their order, and what a change of a contract asks of them.
// Never reads a contract: it is told how much has changed.

/** How much has changed: nothing that anybody sees, something safe both ways, or a break. */
export type Level = 'patch' | 'minor' | 'major'

const levels: readonly Level[] = ['patch', 'minor', 'major']

export function worse(a: Level, b: Level): Level {
  return levels.indexOf(a) >= levels.indexOf(b) ? a : b
}

function parts(version: string): readonly [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return [major, minor, patch]
}

/** Negative when `a` is the lower version. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)]
  for (const index of [0, 1, 2] as const) {
    if (left[index] !== right[index]) return left[index] - right[index]
  }
  return 0
}

/** The least version that a contract may have after such a change. */
export function leastVersion(old: string, change: Level): string {
  const [major, minor, patch] = parts(old)
  if (change === 'major') return `${major + 1}.0.0`
  return change === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}
