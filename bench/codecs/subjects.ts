// Owns the table of what is compared. Each is loaded only in the processes that measure it.

import type { MakePair } from './pair.ts'

export type Format = 'json' | 'msgpack' | 'avro' | 'protobuf' | 'xml'

export interface Subject {
  readonly id: string
  readonly title: string
  readonly family: 'earshot' | 'library' | 'xml'
  readonly format: Format
  readonly load: () => Promise<MakePair>
}

async function earshot(format: Exclude<Format, 'xml'>): Promise<MakePair> {
  const { earshotPair } = await import('./earshot-codecs.ts')
  return (shape) => earshotPair(shape, format)
}

/** Ours first; then the library of each format, as reference; then XML. */
export const subjects: readonly Subject[] = [
  {
    id: 'earshot-json',
    title: 'Earshot JSON',
    family: 'earshot',
    format: 'json',
    load: () => earshot('json'),
  },
  {
    id: 'earshot-msgpack',
    title: 'Earshot MessagePack',
    family: 'earshot',
    format: 'msgpack',
    load: () => earshot('msgpack'),
  },
  {
    id: 'earshot-avro',
    title: 'Earshot Avro',
    family: 'earshot',
    format: 'avro',
    load: () => earshot('avro'),
  },
  {
    id: 'earshot-protobuf',
    title: 'Earshot Protobuf',
    family: 'earshot',
    format: 'protobuf',
    load: () => earshot('protobuf'),
  },
  {
    id: 'json-native',
    title: 'JSON.stringify',
    family: 'library',
    format: 'json',
    load: async () => (await import('./json-native.ts')).jsonPair,
  },
  {
    id: 'msgpackr',
    title: 'msgpackr',
    family: 'library',
    format: 'msgpack',
    load: async () => (await import('./msgpackr.ts')).msgpackrPair,
  },
  {
    id: 'msgpackr-shared',
    title: 'msgpackr, shared',
    family: 'library',
    format: 'msgpack',
    load: async () => (await import('./msgpackr.ts')).msgpackrSharedPair,
  },
  {
    id: 'avsc',
    title: 'avsc',
    family: 'library',
    format: 'avro',
    load: async () => (await import('./avsc.ts')).avscPair,
  },
  {
    id: 'protobufjs',
    title: 'protobufjs',
    family: 'library',
    format: 'protobuf',
    load: async () => (await import('./protobufjs.ts')).protobufjsPair,
  },
  {
    id: 'xml',
    title: 'XML',
    family: 'xml',
    format: 'xml',
    load: async () => (await import('./xml.ts')).xmlPair,
  },
]

/** The first library that does the same format; what the ratio columns divide by. */
export function rivalOf(subject: Subject): Subject | undefined {
  if (subject.family !== 'earshot') return undefined
  return subjects.find((other) => other.family === 'library' && other.format === subject.format)
}

export function subjectOf(id: string): Subject {
  const found = subjects.find((subject) => subject.id === id)
  if (!found) throw new Error(`no subject called ${id}`)
  return found
}
