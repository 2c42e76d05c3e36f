// Owns what is compared: the codecs of Earshot, and XML and CBOR where their libraries are there.
// Never installs one: a row that is missing says how.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import {
  type AnyContract,
  type BodyCodec,
  type Channel,
  type CodecName,
  createCodec,
} from 'earshot'
import { type CborLibrary, cborRival, type Rival, type XmlLibrary, xmlRival } from 'earshot/report'

export type RivalName = 'xml' | 'cbor'
export type SubjectId = CodecName | RivalName

/** How a codec of ours or a rival writes and reads one type. */
export type Coder = Pick<BodyCodec, 'encodeInto' | 'decode'>

export const titles: Readonly<Record<SubjectId, string>> = {
  json: 'JSON',
  msgpack: 'MessagePack',
  avro: 'Avro',
  protobuf: 'Protobuf',
  xml: 'XML',
  cbor: 'CBOR',
}

export const rivalNames: readonly RivalName[] = ['cbor', 'xml']

/** Which package does it. */
export const libraries: Readonly<Record<RivalName, string>> = {
  xml: 'fast-xml-parser',
  cbor: 'cbor',
}

export function isRival(id: SubjectId): id is RivalName {
  return id === 'xml' || id === 'cbor'
}

/** Undefined where the library is not installed. */
export function coderOf(id: SubjectId, contract: AnyContract): Coder | undefined {
  const { shape } = channelOf(contract, 'echo')
  if (!isRival(id)) return createCodec(channelOf(contract, 'echo'), id)
  const library = load(libraries[id])
  if (!library) return undefined
  const rival: Rival =
    id === 'cbor'
      ? cborRival(library as CborLibrary)
      : xmlRival(shape, 'message', library as XmlLibrary)
  return rival
}

function channelOf({ channels }: AnyContract, name: 'echo' | 'carry'): Channel {
  const found = channels.find((channel) => channel.name === name)
  if (!found) throw new Error(`the contract of a comparison has no ${name}`)
  return found
}

/** The project of the user comes first: what he has installed is what he would use. */
const places = [join(process.cwd(), 'package.json'), import.meta.filename].map((from) =>
  createRequire(from),
)

function load(name: string): unknown {
  const from = placeOf(name)
  return from?.(name)
}

function placeOf(name: string): NodeJS.Require | undefined {
  return places.find((from) => {
    try {
      return from.resolve(name) !== ''
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
      return false
    }
  })
}

/** Of a library that is installed. */
export function versionOf(name: string): string | undefined {
  const path = placeOf(name)?.resolve(name)
  if (path === undefined) return undefined
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const text = readFileSync(join(folder, 'package.json'), 'utf8')
      const manifest = JSON.parse(text) as { name?: string; version?: string }
      if (manifest.name === name) return manifest.version
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return undefined
}
