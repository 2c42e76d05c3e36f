// Owns what refuses a call in a handler's place: the caller gets its code, as of the service.
// Never thrown by a handler of users: they answer, or fail.

import type { ErrorCode } from '../base/error-table.ts'

export class Refusal extends Error {
  readonly code: ErrorCode
  readonly #own = true

  /** Of anything that a handler threw: nothing in it is called. */
  static is(thrown: unknown): thrown is Refusal {
    return typeof thrown === 'object' && thrown !== null && #own in thrown
  }

  constructor(code: ErrorCode, text: string) {
    super(text)
    this.code = code
  }
}
