// Owns the comparison of what was sent with what came back: the first place where they differ.
// Never forgives a field: absent and null are one thing, because they are one in a contract.

export interface Difference {
  /** A JSON pointer; empty for the whole value. */
  readonly path: string
  /** `/price was 1, became 2`. */
  readonly text: string
}

/** Where two values differ; undefined when they are equal. */
export function firstDifference(sent: unknown, got: unknown, path = ''): Difference | undefined {
  const at = path === '' ? 'the whole value' : path
  const differs = (text: string): Difference => ({ path, text: `${at} ${text}` })
  if (sent === undefined || sent === null) {
    return got === undefined || got === null ? undefined : differs('came from nowhere')
  }
  if (typeof sent !== 'object' || typeof got !== 'object' || got === null) {
    return Object.is(sent, got) ? undefined : differs(`was ${shown(sent)}, became ${shown(got)}`)
  }
  if (sent instanceof Uint8Array && got instanceof Uint8Array) {
    return Buffer.compare(sent, got) === 0 ? undefined : differs('has other bytes')
  }
  if (Array.isArray(sent) !== Array.isArray(got)) return differs('is a list on one side only')
  if (Array.isArray(sent) && sent.length !== (got as unknown[]).length) {
    return differs(`had ${sent.length} items, became ${(got as unknown[]).length}`)
  }
  for (const key of new Set([...Object.keys(sent), ...Object.keys(got)])) {
    const found = firstDifference(own(sent, key), own(got, key), `${path}/${stepOf(key)}`)
    if (found) return found
  }
  return undefined
}

/** What is inherited (`constructor`) was neither sent nor received. */
function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

/** One step of a JSON pointer. */
function stepOf(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

function shown(value: unknown): string {
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
