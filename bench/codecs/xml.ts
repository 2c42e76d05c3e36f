// Owns the pair of XML: the verbose text row. fast-xml-parser builds and parses; types come from
// the contract, since XML itself knows text alone.

import type { Channel } from 'earshot'
import { XMLBuilder, XMLParser } from 'fast-xml-parser'
import type { Pair } from './pair.ts'
import type { ShapeName } from './shape-names.ts'
import { Shapes } from './shapes.ts'

type Shape = Channel['shape']
type Node = Readonly<Record<string, unknown>>

const options = { ignoreAttributes: true, processEntities: true, suppressEmptyNode: false }
const builder = new XMLBuilder({ ...options, format: false })
const parser = new XMLParser({ ...options, parseTagValue: false, trimValues: false })

export function xmlPair(name: ShapeName): Pair {
  const { shape } = Shapes[name]
  return {
    encode(value, buffer, position) {
      return position + buffer.write(builder.build({ [name]: value }), position)
    },
    decode(buffer, start, end) {
      const document = parser.parse(buffer.toString('utf8', start, end)) as Node
      return typed(shape, document[name])
    },
  }
}

/** The text of an element as a value of the shape. */
function typed(shape: Shape, node: unknown): unknown {
  switch (shape.kind) {
    case 'bool':
      return node === 'true'
    case 'int':
    case 'float':
      return Number(node)
    case 'list':
      return asList(node).map((item) => typed(shape.items, item))
    case 'record': {
      const record: Record<string, unknown> = {}
      for (const field of shape.fields) {
        const part = (node as Node)[field.name]
        if (part === undefined && field.shape.kind !== 'list') continue
        record[field.name] = typed(field.shape, part)
      }
      return record
    }
    default:
      return node
  }
}

/** An element that stands once is no list to a parser, and one that never stands is nothing. */
function asList(node: unknown): readonly unknown[] {
  if (node === undefined) return []
  return Array.isArray(node) ? node : [node]
}
