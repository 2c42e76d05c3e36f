// Owns the names that subscriptions are made of: topics and markers of an outlet.
// Never sends or receives.

import { assert } from '../base/errors.ts'
import { VarintReader, writeVarint } from './varint.ts'

/** No topic begins with a byte above it: 255 is the transport's, for ears that share a socket. */
const MAX_TOPIC_NAME_BYTES = 247
const ID_BYTES = 16
const SHAPE_BYTES = 4
const MARKER = 0
/** After the topic: all messages, or those of one key, which follows behind its length. */
const ALL_KEYS = 0
const ONE_KEY = 1
/** A key's length is an octet. */
export const MAX_KEY_BYTES = 255

/**
 * The bytes that open a frame: `name` is `contract/major/channel`, `shape` 8 hex digits, so that
 * bytes which only their writer's shape explains never reach a reader who has another.
 */
export function topicOf(name: string, codec: number, shape: string): Buffer {
  const text = Buffer.from(name, 'latin1')
  assert(text.length <= MAX_TOPIC_NAME_BYTES, `topic ${name} is too long`)
  return Buffer.concat([
    Buffer.from([text.length]),
    text,
    Buffer.from([codec]),
    Buffer.from(shape, 'hex'),
  ])
}

/** Bytes of the topic at the head of `bytes`, or −1 when they hold none. */
export function topicLength(bytes: Uint8Array): number {
  const name = bytes[0]
  if (name === undefined || name === MARKER || name > MAX_TOPIC_NAME_BYTES) return -1
  const length = 1 + name + 1 + SHAPE_BYTES
  return bytes.length >= length ? length : -1
}

/** What frames begin with, and what is subscribed to: a topic, and one of its keys or all. */
export function prefixOf(topic: Uint8Array, key: string | undefined): Buffer {
  if (key === undefined) return Buffer.concat([topic, Buffer.from([ALL_KEYS])])
  const text = Buffer.from(key)
  assert(text.length <= MAX_KEY_BYTES, 'a key is too long')
  return Buffer.concat([topic, Buffer.from([ONE_KEY, text.length]), text])
}

/** Bytes of topic and key at the head of `bytes`, or −1 when they hold none. */
export function prefixLength(bytes: Uint8Array): number {
  const topic = topicLength(bytes)
  if (topic < 0) return -1
  const kind = bytes[topic]
  if (kind === ALL_KEYS) return topic + 1
  const key = bytes[topic + 1]
  if (kind !== ONE_KEY || key === undefined || bytes.length < topic + 2 + key) return -1
  return topic + 2 + key
}

export interface Prefix {
  /** As latin1 text, to look things up by. */
  readonly topic: string
  /** `contract/major/channel` */
  readonly name: string
  /** The one key that is asked for. */
  readonly key: string | undefined
}

/** What a whole prefix says, or undefined for anything else. */
export function parsePrefix(bytes: Buffer): Prefix | undefined {
  if (prefixLength(bytes) !== bytes.length) return undefined
  const length = topicLength(bytes)
  const key = bytes[length] === ALL_KEYS ? undefined : bytes.toString('utf8', length + 2)
  const name = bytes.toString('latin1', 1, 1 + (bytes[0] as number))
  return { topic: bytes.toString('latin1', 0, length), name, key }
}

/** A channel and a key as a peer says in its hello that it hears them. */
export function heardAs(name: string, key: string | undefined): string {
  return key === undefined ? name : `${name}?${key}`
}

/** @param id 32 hex digits of the peer that subscribes */
export function markerOf(id: string, prefix: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([MARKER]), Buffer.from(id, 'hex'), prefix])
}

export interface Marker {
  /** Of the peer that subscribes, as it says. */
  readonly id: string
  readonly prefix: Prefix
}

/** What a marker says, or undefined for anything else. */
export function parseMarker(bytes: Buffer): Marker | undefined {
  if (bytes[0] !== MARKER || bytes.length < 1 + ID_BYTES + 3) return undefined
  const prefix = parsePrefix(bytes.subarray(1 + ID_BYTES))
  return prefix && { id: bytes.toString('hex', 1, 1 + ID_BYTES), prefix }
}

export function isMarker(bytes: Uint8Array): boolean {
  return bytes[0] === MARKER
}

/** The number of the next message, and from which on all have been counted. */
export interface Numbers {
  readonly next: number
  readonly since: number
}

/** Of what is not published (yet). */
export const unnumbered: Numbers = Object.freeze({ next: 0, since: 0 })

/** What a publisher says to a marker. */
export interface Answer extends Numbers {
  /** 32 hex digits: of the peer that publishes. Behind an address another may stand by now. */
  readonly by: string
}

export function answerToMarker(marker: Uint8Array, { next, since, by }: Answer): Buffer {
  const answer = Buffer.alloc(marker.length + ID_BYTES + 16)
  answer.set(marker)
  answer.write(by, marker.length, 'hex')
  const behind = writeVarint(answer, marker.length + ID_BYTES, next)
  return answer.subarray(0, writeVarint(answer, behind, since))
}

/** What `bytes` say to `marker`, or undefined when they are no answer to it. */
export function answerIn(bytes: Buffer, marker: Buffer): Answer | undefined {
  if (bytes.length <= marker.length || bytes.compare(marker, 0, marker.length, 0, marker.length)) {
    return undefined
  }
  const reader = new VarintReader()
  const by = bytes.toString('hex', marker.length, marker.length + ID_BYTES)
  reader.position = marker.length + ID_BYTES
  const next = reader.read(bytes, bytes.length)
  const since = reader.read(bytes, bytes.length)
  return next < 0 || since < 0 ? undefined : { next, since, by }
}
