// Owns what peers tell each other when they meet: hello, welcome, offer; from JSON and to JSON.
// Never trusts it: everything from the network is checked here, once, before anybody reads it.

import { json, list, object, pattern, text, texts, whole } from './fields.ts'
import { PROTOCOL_VERSION } from './record.ts'

export interface ChannelOffer {
  readonly name: string
  readonly kind: string
  /** The number to send to; 0 where the sender does not serve the channel itself. */
  readonly number: number
  /** In the sender's order of preference. */
  readonly codecs: readonly string[]
  /** True: an event that is heard by links alone, by those whose keys may. */
  readonly byLink?: true
  /** SHA-256 of the shapes: equal ids understand each other in every codec. */
  readonly id: string
}

export interface ContractOffer {
  readonly name: string
  readonly version: string
  /** Share of the calls, against the others who serve it: 0 to 1 000, by default 1. */
  readonly weight?: number
  readonly channels: readonly ChannelOffer[]
}

/** All that a peer serves and publishes. */
export interface Offers {
  /** Grows with each change: of what arrives by two links the newest counts. */
  readonly revision: number
  readonly contracts: readonly ContractOffer[]
}

export interface Hello extends Offers {
  /** Lowest and highest version of the protocol that the sender speaks. */
  readonly protocol: readonly [number, number]
  readonly mesh: string
  readonly id: string
  readonly epoch: number
  readonly name: string
  readonly pid: number
  readonly host: string
  /** Where the sender is, in words of its own; empty for nowhere in particular. */
  readonly zone: string
  /** The endpoint that the sender dialled; empty in a welcome. */
  readonly dialled: string
  readonly outlet: readonly string[]
  readonly inbox: readonly string[]
  readonly door: readonly string[]
  /** For channels that the sender has not offered yet. */
  readonly codecs: readonly string[]
  /**
   * Keys of the channels that the sender subscribes to: the receiver counts it as up for its own
   * publishers once these are in force, so that what it publishes first is heard.
   */
  readonly hears: readonly string[]
  /** Bytes that the receiver of this may send before more is granted. */
  readonly credit: number
  /** The most that the sender ever has on its way to one receiver, bytes. */
  readonly window: number
  readonly heartbeatMs: number
  /** Where each peer has a key of its own: the sender's, and the proof that it says this itself. */
  readonly key: string
  readonly proof: string
}

/** 32 bytes in base64url, or nothing. */
const KEY = /^(?:[\w-]{43})?$/
const MAX_ENDPOINTS = 32
const MAX_CODECS = 16
const MAX_WEIGHT = 1_000
/** More are heard all the same, and only not waited for at the start. */
export const MAX_HEARD = 1_024
/** A topic's name, and a key behind it. */
const MAX_HEARD_TEXT = 247 + 1 + 255

/** @throws EARSHOT_BYTES_INVALID naming the field. */
export function parseHello(bytes: Buffer, maxContracts: number): Hello {
  const value = object(json(bytes), '')
  const protocol = list(value.protocol, '/protocol', 2)
  return {
    protocol: [whole(protocol[0], '/protocol/0'), whole(protocol[1], '/protocol/1')],
    mesh: text(value.mesh, '/mesh'),
    id: pattern(value.id, '/id', /^[0-9a-f]{32}$/),
    epoch: whole(value.epoch, '/epoch'),
    name: text(value.name, '/name'),
    pid: whole(value.pid, '/pid'),
    host: text(value.host, '/host'),
    zone: text(value.zone ?? '', '/zone'),
    dialled: text(value.dialled, '/dialled'),
    outlet: endpoints(value.outlet, '/outlet'),
    inbox: endpoints(value.inbox, '/inbox'),
    door: endpoints(value.door, '/door'),
    codecs: texts(value.codecs, '/codecs', MAX_CODECS),
    ...offersOf(value, maxContracts),
    hears: texts(value.hears, '/hears', MAX_HEARD, MAX_HEARD_TEXT),
    credit: whole(value.credit, '/credit'),
    window: whole(value.window, '/window'),
    heartbeatMs: whole(value.heartbeatMs, '/heartbeatMs'),
    key: pattern(value.key ?? '', '/key', KEY),
    proof: pattern(value.proof ?? '', '/proof', KEY),
  }
}

/** @throws EARSHOT_BYTES_INVALID naming the field. */
export function parseOffers(bytes: Buffer, maxContracts: number): Offers {
  return offersOf(object(json(bytes), ''), maxContracts)
}

function offersOf(value: Readonly<Record<string, unknown>>, maxContracts: number): Offers {
  const revision = whole(value.revision, '/revision')
  return { revision, contracts: contractsOf(value.contracts, maxContracts) }
}

/** The version that both speak, or undefined. */
export function agreedProtocol(theirs: readonly [number, number]): number | undefined {
  return theirs[0] <= PROTOCOL_VERSION && theirs[1] >= PROTOCOL_VERSION
    ? PROTOCOL_VERSION
    : undefined
}

/** What a failure or a refusal carries. */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly path?: string
}

/** Hostile bytes become an error that says so; a wire error is never thrown from here. */
export function parseWireError(bytes: Buffer): WireError {
  try {
    const value = object(json(bytes), '')
    const path = value.path === undefined ? {} : { path: text(value.path, '/path', 1_000) }
    return {
      code: pattern(value.code, '/code', /^[A-Z][A-Z0-9_]{0,63}$/),
      message: text(value.message, '/message', 10_000),
      ...path,
    }
  } catch {
    return { code: 'EARSHOT_BYTES_INVALID', message: 'an error that could not be read' }
  }
}

function contractsOf(value: unknown, maxContracts: number): ContractOffer[] {
  return list(value, '/contracts', maxContracts).map((item, index) => {
    const path = `/contracts/${index}`
    const offer = object(item, path)
    return {
      name: text(offer.name, `${path}/name`),
      version: pattern(offer.version, `${path}/version`, /^\d{1,9}\.\d{1,9}\.\d{1,9}$/),
      ...(offer.weight !== undefined && { weight: weight(offer.weight, `${path}/weight`) }),
      channels: list(offer.channels, `${path}/channels`, 1_024).map((channel, at) =>
        channelOffer(channel, `${path}/channels/${at}`),
      ),
    }
  })
}

function weight(value: unknown, path: string): number {
  return Math.min(whole(value, path), MAX_WEIGHT)
}

function channelOffer(value: unknown, path: string): ChannelOffer {
  const offer = object(value, path)
  return {
    name: text(offer.name, `${path}/name`),
    kind: text(offer.kind, `${path}/kind`),
    number: whole(offer.number, `${path}/number`),
    codecs: texts(offer.codecs, `${path}/codecs`, MAX_CODECS),
    ...(offer.byLink === true && { byLink: true as const }),
    id: pattern(offer.id, `${path}/id`, /^[0-9a-f]{64}$/),
  }
}

function endpoints(value: unknown, path: string): string[] {
  return list(value, path, MAX_ENDPOINTS).map((item, index) =>
    pattern(item, `${path}/${index}`, /^(ipc:\/\/\/[^\0]{1,120}|tcp:\/\/[^\s\0]{3,120})$/),
  )
}
