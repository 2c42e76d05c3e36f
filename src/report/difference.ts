// Owns the comparison of what was sent with what came back: the first place where they differ.
// Never forgives a field: absent and null are one thing, because they are one in a contract.

/** Where two values differ, in words; undefined when they are equal. */
export function firstDifference(sent: unknown, got: unknown, path = ''): string | undefined {
  const at = path === '' ? 'the whole value' : path
  if (sent === undefined || sent === null) {
    return got === undefined || got === null ? undefined : `${at} came from nowhere`
  }
  if (typeof sent !== 'object' || typeof got !== 'object' || got === null) {
    return Object.is(sent, got) ? undefined : `${at} was ${shown(sent)}, became ${shown(got)}`
  }
  if (sent instanceof Uint8Array && got instanceof Uint8Array) {
    return Buffer.compare(sent, got) === 0 ? undefined : `${at} has other bytes`
  }
  if (Array.isArray(sent) !== Array.isArray(got)) return `${at} is a list on one side only`
  if (Array.isArray(sent) && sent.length !== (got as unknown[]).length) {
    return `${at} had ${sent.length} items, became ${(got as unknown[]).length}`
  }
  const [before, after] = [sent, got] as Record<string, unknown>[]
  for (const key of new Set([...Object.keys(sent), ...Object.keys(got)])) {
    const found = firstDifference(before?.[key], after?.[key], `${path}/${stepOf(key)}`)
    if (found) return found
  }
  return undefined
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
