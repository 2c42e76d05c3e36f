// Owns how the kind of a system error is told: by its `code`, never by its text.

/** The `errno` name of a system error (`ENOENT`), else `unknown`. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}
