// Owns the file in which a peer keeps its own key: `earshot-secret-key <43 characters>`.
// Never gives the secret to anything but the sockets: messages and errors name the file alone.

import {
  type CurveKeys,
  fingerprintOf,
  fromZ85,
  keyOfText,
  keysOf,
  newKeys,
  textOfKey,
} from './keys.ts'
import { mustBe, readTrusted, untrusted, writeExclusively } from './private-file.ts'

const MARK = 'earshot-secret-key'
const MAX_KEY_FILE_BYTES = 4_096

/**
 * The pair whose secret stands in `path`.
 * @throws EARSHOT_TRUST_INVALID, also when others may read the file
 */
export function readKeyFile(path: string): CurveKeys {
  const lines = readTrusted(path, mustBe.private, MAX_KEY_FILE_BYTES).split('\n')
  const [mark, text = ''] = (lines.find((line) => /^[^#\s]/.test(line)) ?? '').trim().split(/\s+/)
  const secret = mark === MARK ? keyOfText(text) : undefined
  if (secret === undefined) throw untrusted(path, 'holds no key: earshot keys new makes one')
  return keysOf(fromZ85(secret))
}

/** The public half of a peer's key: to be shown, and to stand on the lists of others. */
export interface PublicKey {
  /** 43 characters. */
  readonly publicKey: string
  /** `SHA256:…`, to compare by eye. */
  readonly fingerprint: string
}

/**
 * Makes a key for a peer, writes its secret to `path`, mode 0600, and gives the public half.
 * @throws EARSHOT_TRUST_INVALID when the file exists: a key is never overwritten
 */
export function createKey(path: string): PublicKey {
  let keys = newKeys()
  // A word of a command line that begins with a dash would be taken for an option.
  while (textOfKey(keys.publicKey).startsWith('-')) keys = newKeys()
  const secret = fromZ85(keys.secretKey).toString('base64url')
  const head = '# The secret key of one Earshot peer: whoever has it is that peer.'
  if (writeExclusively(path, `${head}\n${MARK} ${secret}\n`)) return publicHalf(keys)
  throw untrusted(path, 'exists: a key is never overwritten')
}

/**
 * The public half of the key in `path`.
 * @throws EARSHOT_TRUST_INVALID for a file that holds none, or that others may read
 */
export function readKey(path: string): PublicKey {
  return publicHalf(readKeyFile(path))
}

function publicHalf({ publicKey }: CurveKeys): PublicKey {
  return { publicKey: textOfKey(publicKey), fingerprint: fingerprintOf(publicKey) }
}
