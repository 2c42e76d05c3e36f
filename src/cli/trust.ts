// Owns the secret of a mesh as a command gets it: from the environment, where `ps` does not show
// it.
// Never prints it.

import { meshSecret, type Security } from 'earshot'

/** What `security` shall be: the secret in the environment, or nothing. */
export function trust(): Security | undefined {
  const secret = process.env.EARSHOT_SECRET
  return secret ? meshSecret(secret) : undefined
}
