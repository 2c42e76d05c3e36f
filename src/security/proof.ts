// Owns the proof that a hello is the saying of who owns a key, made for one receiver alone.
// Never travels outside CURVE, and is worth nothing to a third: it takes one of the two secrets.

import { createHmac, diffieHellman, hkdfSync, timingSafeEqual } from 'node:crypto'
import { type CurveKeys, fromZ85, privateKeyOf, publicKeyOf } from './keys.ts'

const PURPOSE = 'earshot hello 1'
const MAC_BYTES = 32

/** What a proof speaks for: whoever says it is the owner of the key, in this incarnation. */
export interface Claim {
  readonly mesh: string
  readonly id: string
  readonly epoch: number
}

/** Base64url. Only `own` and the owner of `receiver` can make it. */
export function proofFor(claim: Claim, own: CurveKeys, receiver: string): string {
  return mac(claim, own, receiver, own.publicKey, receiver).toString('base64url')
}

/** True when who has the secret of `sender` made `proof` for us. */
export function isProof(proof: string, claim: Claim, own: CurveKeys, sender: string): boolean {
  const given = Buffer.from(proof, 'base64url')
  if (given.length !== MAC_BYTES) return false
  return timingSafeEqual(given, mac(claim, own, sender, sender, own.publicKey))
}

function mac(claim: Claim, own: CurveKeys, other: string, from: string, to: string): Buffer {
  const publicKey = publicKeyOf(fromZ85(other))
  const privateKey = privateKeyOf(fromZ85(own.secretKey))
  const shared = diffieHellman({ privateKey, publicKey })
  const key = hkdfSync('sha256', shared, Buffer.alloc(0), PURPOSE, MAC_BYTES)
  const said = JSON.stringify([from, to, claim.mesh, claim.id, claim.epoch])
  return createHmac('sha256', Buffer.from(key)).update(said).digest()
}
