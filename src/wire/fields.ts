// Owns reading the fields of JSON that a stranger sent: each is what it must be, or is named.
// Never knows what they mean.

import { EarshotError } from '../base/errors.ts'

const MAX_NAME = 200

export function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw invalid('', 'is not JSON', cause)
  }
}

function invalid(path: string, what: string, cause?: unknown): EarshotError {
  const text = `what a peer says of itself ${what}${path && ` at ${path}`}`
  return new EarshotError('EARSHOT_BYTES_INVALID', text, { path, cause })
}

export function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(path, 'is no object')
  }
  return value as Record<string, unknown>
}

export function list(value: unknown, path: string, max: number): unknown[] {
  if (!Array.isArray(value) || value.length > max) throw invalid(path, `is no list of up to ${max}`)
  return value
}

export function text(value: unknown, path: string, max: number = MAX_NAME): string {
  if (typeof value !== 'string' || value.length > max) {
    throw invalid(path, `is no text of up to ${max} characters`)
  }
  return value
}

export function texts(
  value: unknown,
  path: string,
  max: number,
  longest: number = MAX_NAME,
): string[] {
  return list(value, path, max).map((item, index) => text(item, `${path}/${index}`, longest))
}

export function pattern(value: unknown, path: string, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value)) throw invalid(path, `does not match ${form}`)
  return value
}

export function whole(value: unknown, path: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw invalid(path, 'is no whole number')
  return value as number
}
