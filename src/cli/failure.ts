// Owns how a command fails: exit codes, one sentence, the next step.
// Never prints: main does, once.

import { type EarshotError, errorTable, isEarshotError } from 'earshot'

/** Stable across releases: scripts compare them. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, nobody: 3 } as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export interface FailureDetails {
  /** A code of the error table, where it is one. */
  readonly code?: string
  /** With `--json`: printed instead of the error; for a command that has an empty answer. */
  readonly document?: object
  /** With `--json`: more facts in the error. */
  readonly data?: object
}

/** What a command throws: printed as `earshot: <message>` and `next: <next>`. */
export class Failure extends Error {
  readonly exitCode: ExitCode
  readonly next: string
  readonly details: FailureDetails

  constructor(exitCode: ExitCode, message: string, next: string, details: FailureDetails = {}) {
    super(message)
    this.name = 'Failure'
    this.exitCode = exitCode
    this.next = next
    this.details = details
  }
}

export function wrongUsage(message: string, next: string): Failure {
  return new Failure(exitCodes.usage, message, next)
}

/** Ctrl-C came before the command had its answer. */
export function stopped(): Failure {
  return new Failure(exitCodes.failed, 'stopped before it was done', 'run it again')
}

/** Whatever was thrown, as a failure with an exit code and a next step. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  if (isEarshotError(thrown)) {
    const next = errorTable[thrown.code].remedy
    const details = { code: thrown.code, data: thrown.toJSON() }
    return new Failure(exitCodeOf(thrown.code), messageOf(thrown), next, details)
  }
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  return new Failure(exitCodes.failed, text, errorTable.EARSHOT_INTERNAL.remedy, {
    code: 'EARSHOT_INTERNAL',
  })
}

/** An error that the contract declares is told with its name and its data. */
function messageOf(error: EarshotError): string {
  if (error.code !== 'EARSHOT_DECLARED') return error.message
  const { name, data } = error.toJSON()
  return `${error.message}: ${name} ${JSON.stringify(data)}`
}

/** What `--json` prints of a failure. */
export function documentOf({ message, next, exitCode, details }: Failure): object {
  const { code, data, document } = details
  return document ?? { error: { ...data, ...(code && { code }), message, next, exitCode } }
}

function exitCodeOf(code: keyof typeof errorTable): ExitCode {
  if (code === 'EARSHOT_NO_SERVER') return exitCodes.nobody
  return code === 'EARSHOT_OPTION_INVALID' ? exitCodes.usage : exitCodes.failed
}
