// Owns keys: a mesh's Curve25519 pair from its secret, and their text form.
// Never stores or prints a secret.

import { createPrivateKey, createPublicKey, scrypt } from 'node:crypto'
import { EarshotError } from '../base/errors.ts'

/** Both as Z85, 40 characters, as ZeroMQ takes them. */
export interface CurveKeys {
  readonly publicKey: string
  readonly secretKey: string
}

const MIN_SECRET_LENGTH = 16
const KEY_BYTES = 32
/**
 * A recorded handshake lets secrets be guessed offline: each guess shall cost 64 MB and about 0.1
 * s.
 */
const SCRYPT = { N: 65_536, r: 8, p: 1, maxmem: 134_217_728 }
/** DER of a PKCS #8 X25519 key, up to its 32 bytes. Source: RFC 8410, section 7. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex')

/**
 * The pair that all who know the secret share; another mesh name gives another pair.
 * Rejects with EARSHOT_OPTION_INVALID for a secret of fewer than 16 characters
 */
export async function deriveKeys(secret: string, mesh: string): Promise<CurveKeys> {
  if (typeof secret !== 'string' || secret.length < MIN_SECRET_LENGTH) {
    const text = `a mesh secret has at least ${MIN_SECRET_LENGTH} characters (openssl rand …)`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/security' })
  }
  const seed = await new Promise<Buffer>((resolve, reject) => {
    scrypt(secret, `earshot mesh ${mesh}`, KEY_BYTES, SCRYPT, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_X25519, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return { publicKey: z85(spki.subarray(-KEY_BYTES)), secretKey: z85(seed) }
}

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

/** Text of bytes whose number is a multiple of 4. Source: ZeroMQ RFC 32. */
export function z85(bytes: Uint8Array): string {
  const view = Buffer.from(bytes)
  let text = ''
  for (let at = 0; at < view.length; at += 4) {
    let word = view.readUInt32BE(at)
    let five = ''
    for (let digit = 0; digit < 5; digit++) {
      five = Z85.charAt(word % 85) + five
      word = Math.floor(word / 85)
    }
    text += five
  }
  return text
}
