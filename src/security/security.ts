// Owns the trust modes and the rule of the default: nobody beyond this host without one.
// Never opens a socket.

import { reportFault } from '../base/diagnostics.ts'
import { EarshotError } from '../base/errors.ts'
import { type CurveKeys, deriveKeys } from './keys.ts'
import { sharedTrust, type Trust } from './trust.ts'

/** How a peer tells its own from strangers. */
export interface Security {
  readonly mode: 'insecure' | 'mesh-secret' | 'allow-list'
  /** What a peer of that mesh trusts; nothing where nothing is encrypted. */
  open(mesh: string): Promise<Trust | undefined>
}

/**
 * No protection: whoever reaches the port may call, publish, listen and stop the process.
 * For a network that you alone are on. A peer says so aloud when it starts.
 */
export function insecure(): Security {
  return { mode: 'insecure', open: async () => undefined }
}

/**
 * All who know the secret are trusted alike; everybody else gets no byte in or out. Traffic is
 * encrypted with keys of each connection's own (CURVE); the secret itself never travels.
 * @param secret at least 16 characters, best random: `openssl rand -base64 24`
 */
export function meshSecret(secret: string): Security {
  // A derivation costs 0.1 s and 64 MB on purpose, once for each mesh.
  const derived = new Map<string, Promise<CurveKeys>>()
  return {
    mode: 'mesh-secret',
    open: async (mesh) => {
      const keys = derived.get(mesh) ?? deriveKeys(secret, mesh)
      derived.set(mesh, keys)
      return sharedTrust(await keys, () => true)
    },
  }
}

let warned = false

/** Says what `insecure()` means: at each start by the diagnostics channel, once on stderr. */
export function warnOfInsecure(name: string, host: string): void {
  const text =
    `peer "${name}" runs with insecure() on ${host}: any stranger who reaches its ports can call ` +
    'it, publish to it, hear it and stop the process'
  reportFault({ area: 'trust', text, code: 'EARSHOT_INSECURE' })
  if (warned) return
  warned = true
  process.emitWarning(`${text} (said once a process)`, { code: 'EARSHOT_INSECURE' })
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
