// What the processes of the demo tell the one that started them: results, never addresses.

import { type CodecName, type ErrorCode, explain, isEarshotError } from 'earshot'

export interface Failure {
  readonly part: string
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/** One peer has found another. */
export interface Find {
  readonly finder: string
  readonly found: string
  /** From the start of the finder until the other was up. */
  readonly afterMs: number
  /** Which discovery told of it; empty when the other one came first. */
  readonly via: readonly string[]
}

/** Sizes of the bodies, without the few bytes of a record's head. */
export interface Sizes {
  readonly codec: CodecName
  readonly requestBytes: number
  readonly replyBytes: number
  readonly eventBytes: number
}

export interface Latency {
  readonly codec: CodecName
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'find'; readonly find: Find }
  | { readonly type: 'sizes'; readonly sizes: Sizes }
  | { readonly type: 'latency'; readonly latency: Latency }
  | { readonly type: 'passed'; readonly part: string; readonly text: string }
  | { readonly type: 'failed'; readonly failure: Failure }

/** Tells the process that started this one. */
export function report(news: Report): void {
  if (process.connected) process.send?.(news)
}

export function passed(part: string, text = ''): void {
  report({ type: 'passed', part, text })
}

export function failed(part: string, error: unknown): void {
  report({ type: 'failed', failure: failureOf(part, error) })
}

/** Does one part of the show and reports what became of it. False: it failed. */
export async function perform(part: string, work: () => Promise<string>): Promise<boolean> {
  try {
    passed(part, await work())
    return true
  } catch (error) {
    failed(part, error)
    return false
  }
}

export function failureOf(part: string, error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const code: ErrorCode = isEarshotError(error) ? error.code : 'EARSHOT_INTERNAL'
  return { part, code, message, remedy: explain(code).remedy }
}
