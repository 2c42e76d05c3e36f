// Owns loading the native binding, and says plainly when it can't be loaded.
// Never re-exports its types into a declaration that users see.

import { EarshotError } from '../base/errors.ts'

export type Binding = typeof import('zeromq')

let loaded: Promise<Binding> | undefined

/** @throws EARSHOT_BINDING with platform and Node version. */
export function loadBinding(): Promise<Binding> {
  loaded ??= import('zeromq').catch((cause: unknown) => {
    loaded = undefined
    const where = `${process.platform}-${process.arch}, Node ${process.versions.node}`
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new EarshotError('EARSHOT_BINDING', `zeromq cannot be loaded on ${where}: ${why}`, {
      cause,
    })
  })
  return loaded
}
