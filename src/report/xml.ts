// Owns XML as a rival of the codecs: elements named as in the contract, lists of `item` elements.
// Types come from the shape, since XML itself knows text alone.

import type { RecordShape, Shape } from '../contract/shape.ts'
import type { Rival } from './rival.ts'

/** What is used of `fast-xml-parser`. */
export interface XmlLibrary {
  readonly XMLBuilder: new (options: object) => { build(tree: unknown): string }
  readonly XMLParser: new (options: object) => { parse(text: string): unknown }
}

type Tree = Readonly<Record<string, unknown>>

const options = { ignoreAttributes: true, processEntities: true, suppressEmptyNode: false }

/** Messages of this shape, each in an element called `root`. */
export function xmlRival(shape: Shape, root: string, library: XmlLibrary): Rival {
  const builder = new library.XMLBuilder({ ...options, format: false })
  const parser = new library.XMLParser({ ...options, parseTagValue: false, trimValues: false })
  return {
    encodeInto(value, buffer, position) {
      const text = builder.build({ [root]: treeOf(shape, value) })
      if (Buffer.byteLength(text) > buffer.length - position) return -1
      return position + buffer.write(text, position)
    },
    decode(buffer, start, end) {
      const tree = parser.parse(buffer.toString('utf8', start, end)) as Tree
      return plainOf(shape, tree[root])
    },
  }
}

/** A value as nested elements. */
function treeOf(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64')
    case 'list':
      return { item: (value as unknown[]).map((item) => treeOf(shape.items, item)) }
    case 'map': {
      const entry = Object.entries(value as object).map(([key, item]) => {
        return { key, value: treeOf(shape.values, item) }
      })
      return { entry }
    }
    case 'record':
      return recordTree(shape, value as Tree)
    case 'union': {
      const { discriminator, branches } = shape
      const literal = (value as Tree)[discriminator]
      const branch = branches.find((one) => one.literal === literal)
      return { [discriminator]: literal, ...(branch && recordTree(branch.record, value as Tree)) }
    }
    default:
      return String(value)
  }
}

function recordTree({ fields }: RecordShape, value: Tree): object {
  const tree: Record<string, unknown> = {}
  for (const { name, wireName, shape } of fields) {
    const part = value[name]
    if (part !== undefined && part !== null) tree[wireName] = treeOf(shape, part)
  }
  return tree
}

/** The opposite. */
function plainOf(shape: Shape, tree: unknown): unknown {
  switch (shape.kind) {
    case 'bool':
      return tree === 'true'
    case 'int':
      return shape.bigint ? BigInt(tree as string) : Number(tree)
    case 'float':
      return Number(tree)
    case 'bytes':
      return Buffer.from(tree as string, 'base64')
    case 'list':
      return elements(tree, 'item').map((item) => plainOf(shape.items, item))
    case 'map': {
      const entries = elements(tree, 'entry').map((entry) => {
        const { key, value } = entry as Tree
        return [key, plainOf(shape.values, value)]
      })
      return Object.fromEntries(entries)
    }
    case 'record':
      return recordValue(shape, tree as Tree)
    case 'union': {
      const literal = (tree as Tree)[shape.discriminator]
      const branch = shape.branches.find((one) => one.literal === literal)
      const rest = branch && recordValue(branch.record, tree as Tree)
      return { [shape.discriminator]: literal, ...rest }
    }
    default:
      return tree
  }
}

function recordValue({ fields }: RecordShape, tree: Tree): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (const { name, wireName, shape } of fields) {
    const part = tree[wireName]
    if (part !== undefined) record[name] = plainOf(shape, part)
  }
  return record
}

/** An element that stands once is no list to a parser, and one that never stands is nothing. */
function elements(tree: unknown, name: string): readonly unknown[] {
  const found = (tree as Tree)[name]
  if (found === undefined) return []
  return Array.isArray(found) ? found : [found]
}
