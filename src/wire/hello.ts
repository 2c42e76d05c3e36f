// Owns what peers tell each other when they meet: hello, welcome, offer; from JSON and to JSON.
// Never trusts it: everything from the network is checked here, once, before anybody reads it.

import { EarshotError } from '../base/errors.ts'
import { PROTOCOL_VERSION } from './record.ts'

export interface ChannelOffer {
  readonly name: string
  readonly kind: string
  /** The number to send to; 0 where the sender does not serve the channel itself. */
  readonly number: number
  /** In the sender's order of preference. */
  readonly codecs: readonly string[]
  /** SHA-256 of the shapes: equal ids understand each other in every codec. */
  readonly id: string
}

export interface ContractOffer {
  readonly name: string
  readonly version: string
  readonly channels: readonly ChannelOffer[]
}

export interface Hello {
  /** Lowest and highest version of the protocol that the sender speaks. */
  readonly protocol: readonly [number, number]
  readonly mesh: string
  readonly id: string
  readonly epoch: number
  readonly name: string
  readonly pid: number
  readonly host: string
  /** The endpoint that the sender dialled; empty in a welcome. */
  readonly dialled: string
  readonly outlet: readonly string[]
  readonly inbox: readonly string[]
  readonly door: readonly string[]
  /** For channels that the sender has not offered yet. */
  readonly codecs: readonly string[]
  readonly contracts: readonly ContractOffer[]
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

const MAX_NAME = 200
/** 32 bytes in base64url, or nothing. */
const KEY = /^(?:[\w-]{43})?$/
const MAX_ENDPOINTS = 32
const MAX_CODECS = 16
const MAX_HEARD = 1_024
/** As a topic's name. */
const MAX_KEY = 247

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
    dialled: text(value.dialled, '/dialled'),
    outlet: endpoints(value.outlet, '/outlet'),
    inbox: endpoints(value.inbox, '/inbox'),
    door: endpoints(value.door, '/door'),
    codecs: texts(value.codecs, '/codecs', MAX_CODECS),
    contracts: offers(value.contracts, maxContracts),
    hears: texts(value.hears, '/hears', MAX_HEARD, MAX_KEY),
    credit: whole(value.credit, '/credit'),
    window: whole(value.window, '/window'),
    heartbeatMs: whole(value.heartbeatMs, '/heartbeatMs'),
    key: pattern(value.key ?? '', '/key', KEY),
    proof: pattern(value.proof ?? '', '/proof', KEY),
  }
}

/** @throws EARSHOT_BYTES_INVALID naming the field. */
export function parseOffers(bytes: Buffer, maxContracts: number): readonly ContractOffer[] {
  return offers(json(bytes), maxContracts)
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

function offers(value: unknown, maxContracts: number): ContractOffer[] {
  return list(value, '/contracts', maxContracts).map((item, index) => {
    const path = `/contracts/${index}`
    const offer = object(item, path)
    return {
      name: text(offer.name, `${path}/name`),
      version: pattern(offer.version, `${path}/version`, /^\d{1,9}\.\d{1,9}\.\d{1,9}$/),
      channels: list(offer.channels, `${path}/channels`, 1_024).map((channel, at) =>
        channelOffer(channel, `${path}/channels/${at}`),
      ),
    }
  })
}

function channelOffer(value: unknown, path: string): ChannelOffer {
  const offer = object(value, path)
  return {
    name: text(offer.name, `${path}/name`),
    kind: text(offer.kind, `${path}/kind`),
    number: whole(offer.number, `${path}/number`),
    codecs: texts(offer.codecs, `${path}/codecs`, MAX_CODECS),
    id: pattern(offer.id, `${path}/id`, /^[0-9a-f]{64}$/),
  }
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw invalid('', 'is not JSON', cause)
  }
}

function invalid(path: string, what: string, cause?: unknown): EarshotError {
  const text = `what a peer says of itself ${what}${path && ` at ${path}`}`
  return new EarshotError('EARSHOT_BYTES_INVALID', text, { path, cause })
}

function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(path, 'is no object')
  }
  return value as Record<string, unknown>
}

function list(value: unknown, path: string, max: number): unknown[] {
  if (!Array.isArray(value) || value.length > max) throw invalid(path, `is no list of up to ${max}`)
  return value
}

function text(value: unknown, path: string, max = MAX_NAME): string {
  if (typeof value !== 'string' || value.length > max) {
    throw invalid(path, `is no text of up to ${max} characters`)
  }
  return value
}

function texts(value: unknown, path: string, max: number, longest = MAX_NAME): string[] {
  return list(value, path, max).map((item, index) => text(item, `${path}/${index}`, longest))
}

function pattern(value: unknown, path: string, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value)) throw invalid(path, `does not match ${form}`)
  return value
}

function whole(value: unknown, path: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw invalid(path, 'is no whole number')
  return value as number
}

function endpoints(value: unknown, path: string): string[] {
  return list(value, path, MAX_ENDPOINTS).map((item, index) =>
    pattern(item, `${path}/${index}`, /^(ipc:\/\/\/[^\0]{1,120}|tcp:\/\/[^\s\0]{3,120})$/),
  )
}
