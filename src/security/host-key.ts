// Owns the key pair that all peers of one user on one host share, for loopback, where no mode of a
// directory keeps other users out. Never leaves the file that it is in: mode 0600, made once.

import { join } from 'node:path'
import { type CurveKeys, fromZ85, keysOf, newKeys } from './keys.ts'
import { mustBe, readTrusted, untrusted, writeExclusively } from './private-file.ts'
import { sharedTrust, type Trust } from './trust.ts'

const FILE_NAME = 'loopback-key.json'
const MAX_FILE_BYTES = 1_024

/**
 * Trust in who can read the key in `folder`, which only this user can enter. It guards TCP on
 * loopback; sockets of ipc are guarded by their directory.
 * @throws EARSHOT_TRUST_INVALID when the file is another's, or others may read it
 */
export function hostTrust(folder: string): Trust {
  return sharedTrust(hostKeys(join(folder, FILE_NAME)), isLoopbackEndpoint)
}

/** Of two first peers one makes the file, and both read it. */
function hostKeys(path: string): CurveKeys {
  let created = false
  for (;;) {
    try {
      return parse(path, readTrusted(path, mustBe.private, MAX_FILE_BYTES))
    } catch (error) {
      const missing = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code
      if (missing !== 'ENOENT' || created) throw error
    }
    writeExclusively(path, `${JSON.stringify(newKeys())}\n`)
    created = true
  }
}

function parse(path: string, text: string): CurveKeys {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw untrusted(path, 'is no JSON: remove it, and the next peer makes another', cause)
  }
  const { secretKey } = Object(value) as Partial<CurveKeys>
  const isKey = typeof secretKey === 'string' && /^[!-~]{40}$/.test(secretKey)
  const secret = isKey ? fromZ85(secretKey) : undefined
  if (secret) return keysOf(secret)
  throw untrusted(path, 'holds no key: remove it, and the next peer makes another')
}

/** `tcp://` to this host itself; another host's peers have keys of their own, or none. */
export function isLoopbackEndpoint(endpoint: string): boolean {
  return /^tcp:\/\/(127\.|localhost:|\[?::1\]?:)/.test(endpoint)
}
