// Owns the trust modes and the rule of the default: nobody beyond this host without one.
// Never opens a socket.

import { EarshotError } from '../base/errors.ts'
import { type CurveKeys, deriveKeys } from './keys.ts'

/** How a peer tells its own from strangers. */
export interface Security {
  readonly mode: 'insecure' | 'mesh-secret'
  /** The keys of a mesh; none where nothing is encrypted. */
  keys(mesh: string): Promise<CurveKeys | undefined>
}

/**
 * No protection: whoever reaches the port may call, publish, listen and stop the process.
 * For a network that you alone are on.
 */
export function insecure(): Security {
  return { mode: 'insecure', keys: async () => undefined }
}

/**
 * All who know the secret are trusted alike; everybody else gets no byte in or out. Traffic is
 * encrypted with keys of each connection's own (CURVE); the secret itself never travels.
 * @param secret at least 16 characters, best random: `openssl rand -base64 24`
 */
export function meshSecret(secret: string): Security {
  return { mode: 'mesh-secret', keys: (mesh) => deriveKeys(secret, mesh) }
}

/**
 * @throws EARSHOT_INSECURE_LISTEN when `host` is reachable from elsewhere and nothing protects it
 */
export function checkListen(host: string, security: Security | undefined): void {
  if (isLoopback(host) || security) return
  const text =
    `listening on ${host} lets every machine of that network in. Choose security: ` +
    "meshSecret('…'), or insecure() if strangers are welcome, or stay here: listen: 'host'"
  throw new EarshotError('EARSHOT_INSECURE_LISTEN', text, { path: '/listen' })
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
