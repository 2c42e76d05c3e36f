// Owns headers on their way out: from the caller's object to the bytes of a record.
// Never reads what came in: the walker does.

import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'

export type Headers = Readonly<Record<string, string>>

export const noHeaders: Headers = Object.freeze(Object.create(null))

/** @throws EARSHOT_OPTION_INVALID for values that are no text, or too many of them */
export function encodeHeaders(headers: Headers | undefined, limits: Limits): Buffer | undefined {
  if (headers === undefined) return undefined
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    const text = 'headers are an object of texts: { trace: "…" }'
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/headers' })
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') continue
    const path = `/headers/${name}`
    throw new EarshotError('EARSHOT_OPTION_INVALID', `header "${name}" must be a text`, { path })
  }
  const bytes = Buffer.from(JSON.stringify(headers))
  if (bytes.length <= limits.maxHeaderBytes) return bytes
  const most = limits.maxHeaderBytes
  const text = `headers take ${bytes.length} bytes, more than ${most} (maxHeaderBytes)`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/headers' })
}
