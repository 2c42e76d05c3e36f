// Owns keys: Curve25519 pairs, from a mesh's secret or new, and the text forms of public keys.
// Never stores or prints a secret.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  scrypt,
} from 'node:crypto'
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
/** As JWK: OpenSSL takes 20 times as long to read DER, 1 ms. Source: RFC 8037, section 2. */
const X25519 = { kty: 'OKP', crv: 'X25519' } as const

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
  return keysOf(seed)
}

/** A pair that nobody has had before. */
export function newKeys(): CurveKeys {
  return keysOf(randomBytes(KEY_BYTES))
}

/** The pair of a secret of 32 bytes. */
export function keysOf(secret: Uint8Array): CurveKeys {
  const { x = '' } = createPublicKey(privateKeyOf(secret)).export({ format: 'jwk' })
  return { publicKey: z85(Buffer.from(x, 'base64url')), secretKey: z85(secret) }
}

/** The public half, which has its place there, is calculated and not read. */
export function privateKeyOf(secret: Uint8Array): KeyObject {
  const d = Buffer.from(secret).toString('base64url')
  return createPrivateKey({ key: { ...X25519, d, x: '' }, format: 'jwk' })
}

export function publicKeyOf(key: Uint8Array): KeyObject {
  const x = Buffer.from(key).toString('base64url')
  return createPublicKey({ key: { ...X25519, x }, format: 'jwk' })
}

/** A public key as people see it: 43 characters of base64url. */
export function textOfKey(key: string): string {
  return fromZ85(key).toString('base64url')
}

/** A key of 32 bytes as ZeroMQ takes it, from its text; undefined for what is none. */
export function keyOfText(text: string): string | undefined {
  if (!/^[\w-]{43}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  // The last character has bits that no key uses: one key, one text.
  return bytes.toString('base64url') === text ? z85(bytes) : undefined
}

/** What people compare: `SHA256:` and 43 characters of base64, as SSH has it. */
export function fingerprintOf(key: string): string {
  const digest = createHash('sha256').update(fromZ85(key)).digest('base64')
  return `SHA256:${digest.replace(/=+$/, '')}`
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

/** Bytes of text that `z85` made. Source: ZeroMQ RFC 32. */
export function fromZ85(text: string): Buffer {
  const bytes = Buffer.alloc((text.length / 5) * 4)
  for (let at = 0; at < text.length; at += 5) {
    let word = 0
    for (let digit = at; digit < at + 5; digit++) word = word * 85 + Z85.indexOf(text.charAt(digit))
    bytes.writeUInt32BE(word, (at / 5) * 4)
  }
  return bytes
}
