// Owns EarshotError, the one class that leaves this package, and how it is built from the table.
// Never holds a code of its own: a code is a row in error-table.ts.

import { type ErrorCode, explain, type Sent } from './error-table.ts'

export type { Sent }

export interface ErrorDetails {
  /** Where in a value, a contract or the options: `/lines/0/sku`. */
  path?: string
  cause?: unknown
  /** Overrides the row of the table where the call knows better. */
  sent?: Sent
  retryable?: boolean
  /** Of an error that a contract declares; `data` is then its data, and nothing else. */
  name?: string
  /** Facts for programs: names, limits, what was found. Plain JSON values only. */
  data?: Readonly<Record<string, unknown>>
}

const BRAND = Symbol.for('earshot.error')

/**
 * What every promise of Earshot is rejected with. `code` is stable across releases;
 * the message is for people and may change.
 */
export class EarshotError extends Error {
  readonly code: ErrorCode
  /** May the same call succeed later, with nothing changed by the caller? */
  readonly retryable: boolean
  readonly sent: Sent
  readonly path: string | undefined
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    const row = explain(code)
    this.name = details.name ?? 'EarshotError'
    this.code = code
    this.retryable = details.retryable ?? row.retryable
    this.sent = details.sent ?? row.sent
    this.path = details.path
    this.data = details.data ?? {}
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** What the CLI prints with `--json`, and what the door answers. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      sent: this.sent,
      ...(this.path === undefined ? {} : { path: this.path }),
      ...(this.code === 'EARSHOT_DECLARED'
        ? { name: this.name, data: inJson(this.data) }
        : this.data),
    }
  }
}

/** What a contract's errors may hold beside JSON: bigints as text, bytes as base64. */
function inJson(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(inJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inJson(part)]))
}

/** True for an EarshotError of any copy of this package in the process. */
export function isEarshotError(value: unknown): value is EarshotError {
  if (typeof value !== 'object' || value === null) return false
  try {
    return BRAND in value && typeof (value as Partial<EarshotError>).message === 'string'
  } catch {
    // A proxy that throws when it is looked at: whoever threw it, it is none of ours.
    return false
  }
}

/** What was thrown, as text; nothing that can be thrown makes this throw. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown)
  } catch {
    // An object without a usable toString: its kind is all that can be told.
    return `a thrown ${typeof thrown}`
  }
}

/** Turns whatever was thrown into an EarshotError; one that is already is handed back as it is. */
export function toEarshotError(
  thrown: unknown,
  code: ErrorCode = 'EARSHOT_INTERNAL',
): EarshotError {
  if (isEarshotError(thrown)) return thrown
  return new EarshotError(code, textOf(thrown), { cause: thrown })
}

/** For our own bugs only: what the outside world does wrong is an EarshotError with its code. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new EarshotError('EARSHOT_INTERNAL', `assertion failed: ${message}`)
}
