// Owns the step from source to function: made at run time, or ahead of time by `earshot gen` for
// places that forbid it. Never runs anything but source that the compiler wrote.

import { createHash } from 'node:crypto'
import { checkArgument, isObject } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'

/** A codec as a function of what its source refers to. */
export type CodecFactory = (scope: Readonly<Record<string, unknown>>) => unknown

const prepared = new Map<string, CodecFactory>()
let recorded: Map<string, string> | undefined

/**
 * Hands over codecs made ahead of time: what a module written by `earshot gen --to codecs` does
 * when it is imported. A codec is found by its source: of another shape, other limits or another
 * version of this package it is not found.
 */
export function provideCodecs(factories: Readonly<Record<string, CodecFactory>>): void {
  const wanted = 'what a module of codecs hands over'
  checkArgument(isObject(factories), '/factories', wanted, factories)
  for (const [key, factory] of Object.entries(factories)) prepared.set(key, factory)
}

function keyOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 32)
}

/**
 * The body of a function of `scope`, as a function.
 * @throws EARSHOT_CODE_FORBIDDEN where code may not be made and none was prepared
 */
export function makeFunction(body: string): CodecFactory {
  recorded?.set(keyOf(body), body)
  const known = prepared.size === 0 ? undefined : prepared.get(keyOf(body))
  if (known) return known
  try {
    return new Function('scope', body) as CodecFactory
  } catch (error) {
    if (!(error instanceof EvalError)) throw error
    const text = 'this process forbids code made at run time, and no codec was made ahead for it'
    throw new EarshotError('EARSHOT_CODE_FORBIDDEN', text, { cause: error })
  }
}

/** The sources of all that `run` compiles, by the keys that they are found by. */
export function recordSources(run: () => void): ReadonlyMap<string, string> {
  const sources = new Map<string, string>()
  recorded = sources
  try {
    run()
  } finally {
    recorded = undefined
  }
  return sources
}
