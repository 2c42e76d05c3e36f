// Owns reading a directory of documents with schemas and published sizes. Never encodes one.
// Layout: sizes.json, and a folder a document with document.json, avro-schema.avsc,
// protobuf-schema.proto, and patches that its authors apply before encoding.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type PublishedFormat = 'messagepack' | 'avro' | 'protobuf'

export interface PublishedSize {
  readonly raw: number
  readonly gzip: number
}

export interface PublishedDocument {
  readonly name: string
  readonly json: unknown
  readonly avro: string
  readonly protobuf: string
  /** Operations that the authors apply to the document first. */
  readonly patches: { readonly avro: number; readonly protobuf: number }
  readonly sizes: Readonly<Record<PublishedFormat | 'json', PublishedSize>>
}

/** In the order of sizes.json. @throws Error naming the file that is missing or wrong */
export function readCorpus(directory: string): PublishedDocument[] {
  const table = readJson(join(directory, 'sizes.json'))
  if (typeof table !== 'object' || table === null) throw new Error('sizes.json is no table')
  const names = Object.entries(table)
  if (names.length === 0) throw new Error('sizes.json names no document')
  return names.map(([name, sizes]) => {
    if (!/^[\w-]+$/.test(name)) throw new Error(`sizes.json names "${name}", which is no folder`)
    const file = (one: string) => join(directory, name, one)
    return {
      name,
      json: readJson(file('document.json')),
      avro: readText(file('avro-schema.avsc')),
      protobuf: readText(file('protobuf-schema.proto')),
      patches: {
        avro: patchOf(file('avro-pre.patch.json')),
        protobuf: patchOf(file('protobuf-pre.patch.json')),
      },
      sizes: sizesOf(name, sizes),
    }
  })
}

function sizesOf(name: string, sizes: unknown): PublishedDocument['sizes'] {
  for (const format of ['json', 'messagepack', 'avro', 'protobuf']) {
    const { raw, gzip } = Object(Object(sizes)[format]) as Partial<PublishedSize>
    if (Number.isInteger(raw) && Number.isInteger(gzip)) continue
    throw new Error(`sizes.json has no raw and gzip size of ${name} in ${format}`)
  }
  return sizes as PublishedDocument['sizes']
}

function patchOf(path: string): number {
  const patch = readJson(path)
  if (Array.isArray(patch)) return patch.length
  throw new Error(`${path} is no JSON Patch`)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function readJson(path: string): unknown {
  const text = readText(path)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`)
  }
}
