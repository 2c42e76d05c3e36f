// Owns who a hello is from, where each peer has a key of its own: made out for one receiver, and
// believed only with its proof. Never takes a name, an id or an address for a proof.

import { createHash } from 'node:crypto'
import type { PeerRecord } from '../discovery/provider.ts'
import { fromZ85, keyOfText, textOfKey } from '../security/keys.ts'
import { isProof, proofFor } from '../security/proof.ts'
import type { Trust } from '../security/trust.ts'
import { type FrameLink, splitEndpoint, withKey } from '../transport/transport.ts'
import type { Hello } from '../wire/hello.ts'

/** Whom a key stands for, as handlers and rules of access see it. */
export interface Identity {
  /** As ZeroMQ takes it. */
  readonly curveKey: string
  /** Its fingerprint. */
  readonly key: string
  readonly roles: readonly string[]
}

/** An id begins with so much of the hash of its owner's key: nobody can take another's. */
const BOUND_DIGITS = 16

export class Introduction {
  readonly #trust: Trust | undefined

  constructor(trust: Trust | undefined) {
    this.#trust = trust?.personal ? trust : undefined
  }

  /** Where to dial, with the key that must stand there; without one, each that it may be. */
  addressed(endpoint: string, { id, meta }: Pick<PeerRecord, 'id' | 'meta'>): string[] {
    const trust = this.#trust
    const { address, key } = splitEndpoint(endpoint)
    if (!trust) return [address]
    if (key !== undefined) return trust.find(key) ? [withKey(address, key)] : []
    return keysFor(trust, id, meta?.key).map((one) => withKey(address, one))
  }

  /** The hello with our key, and a proof that means something to the owner of `key` alone. */
  signed(hello: Hello, key: string | undefined): Hello {
    const trust = this.#trust
    if (!trust || key === undefined) return hello
    const proof = proofFor(hello, trust.own, key)
    return { ...hello, key: textOfKey(trust.own.publicKey), proof }
  }

  /** Who said the hello; a text: why it is not believed. Undefined where nobody has a key. */
  identify(hello: Hello, link: FrameLink): Identity | string | undefined {
    const trust = this.#trust
    if (!trust) return undefined
    // Who was dialled has proved its key to our socket before it could say a word.
    const key = link.key ?? keyOfText(hello.key)
    if (key === undefined) return 'a hello of this mesh carries a key'
    const known = trust.find(key)
    if (!known) return `the key ${hello.key} is not on the list here`
    if (link.key === undefined && !this.#proves(hello, trust, key)) {
      return 'the hello is not by the owner of its key'
    }
    if (!hello.id.startsWith(boundDigits(key))) return 'the id belongs to another key'
    return known
  }

  /** The hello with the proved key behind its addresses: only its owner can answer there. */
  settled(hello: Hello, who: Identity | undefined): Hello {
    if (!who) return hello
    const all = (endpoints: readonly string[]) =>
      endpoints.map((endpoint) => withKey(splitEndpoint(endpoint).address, who.curveKey))
    const { inbox, outlet, door } = hello
    return { ...hello, inbox: all(inbox), outlet: all(outlet), door: all(door) }
  }

  /** Whom a key stands for now; undefined when it is no longer on the list. */
  now(publicKey: string): Identity | undefined {
    return this.#trust?.find(publicKey)
  }

  #proves(hello: Hello, trust: Trust, key: string): boolean {
    try {
      return isProof(hello.proof, hello, trust.own, key)
    } catch {
      // A key that is no point of the curve proves nothing: OpenSSL refuses to calculate with it.
      return false
    }
  }
}

/**
 * Anybody can announce a key, and anybody an id: but an id is that of one key. Only where it is of
 * none on the list (it was made of an address) what was announced counts.
 */
function keysFor(trust: Trust, id: string, announced: string | undefined): string[] {
  const isOwner = (curveKey: string) => id.startsWith(boundDigits(curveKey))
  const told = announced === undefined ? undefined : keyOfText(announced)
  if (told !== undefined && isOwner(told)) return trust.find(told) ? [told] : []
  const all = [...trust.all()].map(({ curveKey }) => curveKey)
  const owners = all.filter(isOwner)
  if (owners.length > 0) return owners
  if (announced !== undefined) return told !== undefined && trust.find(told) ? [told] : []
  return all.filter((curveKey) => curveKey !== trust.own.publicKey)
}

/** Random digits of an id, bound to the key of its owner if there is one. */
export function boundId(random: string, key: string | undefined): string {
  return key === undefined ? random : boundDigits(key) + random.slice(BOUND_DIGITS)
}

function boundDigits(key: string): string {
  return createHash('sha256').update(fromZ85(key)).digest('hex').slice(0, BOUND_DIGITS)
}
