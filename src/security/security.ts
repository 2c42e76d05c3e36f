// Owns the trust modes and the rule of the default: nobody beyond this host without one.
// Never opens a socket.

import { EarshotError } from '../base/errors.ts'

/** How a peer tells its own from strangers beyond this host. */
export interface Security {
  readonly mode: 'insecure'
}

/**
 * No protection: whoever reaches the port may call, publish, listen and stop the process.
 * For a network that you alone are on.
 */
export function insecure(): Security {
  return { mode: 'insecure' }
}

/** @throws EARSHOT_INSECURE_LISTEN when `host` is reachable from elsewhere and nothing protects it */
export function checkListen(host: string, security: Security | undefined): void {
  if (isLoopback(host) || security) return
  const text =
    `listening on ${host} lets every machine of that network in. ` +
    "Choose security: insecure() if that is what you want, or stay on this host: listen: 'host'"
  throw new EarshotError('EARSHOT_INSECURE_LISTEN', text, { path: '/listen' })
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
