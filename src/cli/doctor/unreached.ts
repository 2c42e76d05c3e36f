// Owns what the doctor says of peers that are told of and do not come up: the cause, the next step.
// Never takes a telling for a peer: anybody can announce anybody.

import type { UnreachedPeer } from 'earshot'
import { isBeyondHost, isMeant, shortId } from '../door.ts'
import { trust } from '../environment.ts'
import { visible } from '../terminal.ts'
import type { Finding } from './finding.ts'
import { type Greeting, greetingAt } from './greeting.ts'

interface Cause {
  readonly text: string
  readonly next: string
}

/**
 * A finding for each; `named` counts by name, or by how its id begins.
 * @param teller the peer that is told of them, where it is not we
 */
export function unreachedFindings(
  peers: readonly UnreachedPeer[],
  named: string | undefined,
  teller?: string,
): Promise<Finding[]> {
  const meant = peers.filter((peer) => isMeant(peer, named))
  return Promise.all(meant.map((one) => ofOne(one, teller)))
}

/** What a door says of those whom its peer has not reached; what is none of that is left out. */
export function toldUnreached(value: unknown): UnreachedPeer[] {
  const isTexts = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((one) => typeof one === 'string')
  return (Array.isArray(value) ? value : []).flatMap((one) => {
    const { id, name, via, inbox } = Object(one) as Partial<UnreachedPeer>
    if (typeof id !== 'string' || typeof name !== 'string') return []
    return isTexts(via) && isTexts(inbox) ? [{ id, name, via, inbox, tried: [] }] : []
  })
}

/** `orders (3fa9c1d2)`, or what else is known of it. */
export function unreachedName({ name, id }: UnreachedPeer): string {
  if (name === '') return visible(id.startsWith('?') ? id.slice(1) : shortId({ id }))
  return `${visible(name)} (${shortId({ id })})`
}

async function ofOne(peer: UnreachedPeer, teller: string | undefined): Promise<Finding> {
  const { id, via, inbox, tried } = peer
  // What another is told of leads there from him; what is of his host alone leads elsewhere here.
  const far = teller === undefined ? inbox : inbox.filter(isFar)
  const endpoint = tried.at(-1)?.endpoint ?? far[0]
  const to = teller === undefined ? '' : ` to ${visible(teller)}`
  const who = `${unreachedName(peer)} is told of${to} by ${visible(via.join(' and '))}`
  if (endpoint === undefined) {
    const text = `${who}, and nothing that is told of it leads there from here`
    return { area: 'peer', level: 'bad', text, next: 'let it listen where both are: listen' }
  }
  const greeting = await greetingAt(endpoint)
  const { text, next } = causeOf(greeting, tried.length > 0 || teller !== undefined)
  const facts = { id, via, inbox, tried, greeting }
  const found = `${who} at ${visible(withoutKey(endpoint))}, and there is no link: ${text}`
  return { area: 'peer', level: 'bad', text: found, next, facts }
}

/** An address of a link counts on the host alone that told it. */
function isFar(endpoint: string): boolean {
  return isBeyondHost(endpoint) && !endpoint.includes('%')
}

export function withoutKey(endpoint: string): string {
  return endpoint.replace(/#.*$/, '')
}

function causeOf(greeting: Greeting, wasDialled: boolean): Cause {
  if (greeting.is === 'speaks') return causeOfKeys(greeting.mechanism, wasDialled)
  if (greeting.is === 'mute') {
    return {
      text: 'the connection is accepted and nothing is said',
      next: 'its process is stopped, or its machine at its end: look there (ps, kill -CONT)',
    }
  }
  if (greeting.is === 'silent') {
    return {
      text: 'nothing comes back, not even a refusal',
      next: 'a firewall on the way drops it: allow the TCP ports of inbox, outlet and door',
    }
  }
  if (greeting.code === 'ECONNREFUSED' || greeting.code === 'ENOENT') {
    return {
      text: `nobody listens there, or a firewall says so (${greeting.code})`,
      next: 'is it running? start it again; if it is, let the ports of inbox, outlet and door in',
    }
  }
  return {
    text: `no way leads there (${greeting.code})`,
    next: 'look at routes and interfaces: ip route get, ip addr; the link may be down',
  }
}

function causeOfKeys(mechanism: string, wasDialled: boolean): Cause {
  const mode = trust()?.mode
  const isGuarded = mechanism !== 'NULL'
  if (isGuarded && mode === undefined) {
    return {
      text: 'it asks for a key, and this command has none',
      next:
        'set EARSHOT_SECRET, or EARSHOT_ALLOW and EARSHOT_KEY, as its mesh has it; ' +
        'or it is guarded for its user alone: run this as that user',
    }
  }
  if (isGuarded && mode === 'allow-list') {
    const next = 'each must be on the list of the other: earshot keys show, earshot trust add'
    if (!wasDialled) return { text: 'its key is not on the list here', next }
    return { text: 'it does not accept our key', next }
  }
  if (isGuarded) {
    return {
      text: 'it does not accept our key',
      next: 'the secret of its mesh is another than EARSHOT_SECRET here, or it has a list of keys',
    }
  }
  if (mode !== undefined) {
    return {
      text: 'it asks for no key, and this command speaks with nobody who has none',
      next: 'let it start with the security of the mesh; or unset EARSHOT_SECRET and EARSHOT_ALLOW',
    }
  }
  return {
    text: 'it answers, and the hello is not done',
    next: 'wait longer: --wait 5000; earshot peers --why says what came of each dial',
  }
}
