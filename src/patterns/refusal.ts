// Owns what refuses a call in a handler's place: the caller gets its code, as of the service.
// Never thrown by a handler of users: they answer, or fail.

import type { ErrorCode } from '../base/error-table.ts'

export class Refusal extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, text: string) {
    super(text)
    this.code = code
  }
}
