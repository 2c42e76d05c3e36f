// Owns what a command is trusted by: a secret, or a key and a list, from the environment, where
// `ps` does not show it.
// Never prints a secret.

import { dirname, join } from 'node:path'
import { allowList, meshSecret, type Security } from 'earshot'
import { wrongUsage } from './failure.ts'

/** The allow list that commands read and write. */
export const listFile = (): string => process.env.EARSHOT_ALLOW || 'earshot.allow'

/** The file of the key of who runs the command. */
export const keyFile = (): string => process.env.EARSHOT_KEY || 'earshot.key'

/** What `security` shall be: what the environment names, or nothing. */
export function trust(): Security | undefined {
  const { EARSHOT_SECRET: secret, EARSHOT_ALLOW: list, EARSHOT_KEY: key } = process.env
  if (secret && list) {
    const next = 'unset one of them: a mesh has a secret, or a list of keys'
    throw wrongUsage('EARSHOT_SECRET and EARSHOT_ALLOW are both set', next)
  }
  if (list) return allowList(list, { key: key || join(dirname(list), 'earshot.key') })
  if (!secret) return undefined
  // The same again, so that its key is derived but once: 0.1 s on purpose.
  if (known?.secret !== secret) known = { secret, security: meshSecret(secret) }
  return known.security
}

let known: { readonly secret: string; readonly security: Security } | undefined
