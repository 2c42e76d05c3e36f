// Owns the bytes of a document in our codecs, by the schemas that others published for it.
// Never patches a document or a schema to make a figure right.

import {
  type CodecName,
  contractFromDescription,
  encode,
  fromAvro,
  fromProto,
  fromSamples,
  type Shape,
} from 'earshot'
import type { PublishedDocument } from './corpus.ts'
import { fitted, Misfit } from './fit.ts'

export function avroBytes({ avro, json, patches }: PublishedDocument): Uint8Array {
  refusePatch(patches.avro)
  return bytesOf(fromAvro(avro), 'avro', json)
}

/** The message is called Main, or is the last of the file. */
export function protobufBytes({ protobuf, json, patches }: PublishedDocument): Uint8Array {
  refusePatch(patches.protobuf)
  const { messages } = fromProto(protobuf)
  const shape = messages.get('Main') ?? [...messages.values()].at(-1)
  if (!shape) throw new Misfit('the .proto file has no message')
  return bytesOf(shape, 'protobuf', json)
}

function refusePatch(operations: number): void {
  if (operations > 0) throw new Misfit(`its authors patch it first, by ${operations} operations`)
}

/** By one type for the whole document, as a contract would have it. */
export function contractMessagePack(json: unknown): Uint8Array {
  return bytesOf(fromSamples([json]).shape, 'msgpack', json)
}

/**
 * Value by value, as who has no schema: each number by its own kind, lists of anything. Every part
 * comes from our codec: the head of a list or object is what stands before its parts.
 */
export function plainMessagePack(json: unknown): Buffer {
  if (json === null) return Buffer.from(contractMessagePack({ a: null })).subarray(-1)
  if (Array.isArray(json)) {
    const falses = contractMessagePack(json.map(() => false))
    const head = falses.subarray(0, falses.length - json.length)
    return Buffer.concat([head, ...json.map(plainMessagePack)])
  }
  if (typeof json !== 'object') return Buffer.from(contractMessagePack(json))
  const entries = Object.entries(json)
  const map: Shape = { kind: 'map', values: { kind: 'bool' } }
  const keys = entries.map(([key]) => Buffer.from(contractMessagePack(key)))
  const falses = bytesOf(map, 'msgpack', Object.fromEntries(entries.map(([key]) => [key, false])))
  const parts = keys.reduce((sum, { length }) => sum + length + 1, 0)
  const head = falses.subarray(0, falses.length - parts)
  const body = entries.flatMap(([, value], at) => [keys[at] as Buffer, plainMessagePack(value)])
  return Buffer.concat([head, ...body])
}

function bytesOf(shape: Shape, codec: CodecName, json: unknown): Uint8Array {
  const { channels } = contractFromDescription({
    name: 'bench.published',
    version: '1.0.0',
    channels: [{ name: 'document', kind: 'event', shape, codecs: [codec] }],
  })
  const [channel] = channels
  if (!channel) throw new Error('a contract without its channel')
  return encode(channel, codec, fitted(shape, json))
}
