// Owns the names that subscriptions are made of: topics and markers of an outlet.
// Never sends or receives.

import { assert } from '../base/errors.ts'
import { VarintReader, writeVarint } from './varint.ts'

const MAX_TOPIC_NAME_BYTES = 247
const ID_BYTES = 16
const SHAPE_BYTES = 4
const MARKER = 0
/** After the topic: these records are under no key filter. */
export const NO_KEY = 0

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

/** @param id 32 hex digits of the peer that subscribes */
export function markerOf(id: string, topic: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([MARKER]), Buffer.from(id, 'hex'), topic])
}

export interface Marker {
  /** Of the peer that subscribes, as it says. */
  readonly id: string
  readonly topic: Buffer
  /** `contract/major/channel` */
  readonly name: string
}

/** What a marker says, or undefined for anything else. */
export function parseMarker(bytes: Buffer): Marker | undefined {
  if (bytes[0] !== MARKER || bytes.length < 1 + ID_BYTES + 3) return undefined
  const topic = bytes.subarray(1 + ID_BYTES)
  if (topicLength(topic) !== topic.length) return undefined
  const name = topic.toString('latin1', 1, 1 + (topic[0] as number))
  return { id: bytes.toString('hex', 1, 1 + ID_BYTES), topic, name }
}

export function isMarker(bytes: Uint8Array): boolean {
  return bytes[0] === MARKER
}

export function answerToMarker(marker: Uint8Array, sequence: number): Buffer {
  const answer = Buffer.alloc(marker.length + 8)
  answer.set(marker)
  return answer.subarray(0, writeVarint(answer, marker.length, sequence))
}

/** The sequence in the answer to `marker`, or −1 when `bytes` is no answer to it. */
export function sequenceInAnswer(bytes: Buffer, marker: Buffer): number {
  if (bytes.length <= marker.length || bytes.compare(marker, 0, marker.length, 0, marker.length)) {
    return -1
  }
  const reader = new VarintReader()
  reader.position = marker.length
  return reader.read(bytes, bytes.length)
}
