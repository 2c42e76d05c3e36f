// Owns the pair of XML: the verbose text row, made by fast-xml-parser.

import { xmlRival } from 'earshot/report'
import { XMLBuilder, XMLParser } from 'fast-xml-parser'
import type { Pair } from './pair.ts'
import type { ShapeName } from './shape-names.ts'
import { Shapes } from './shapes.ts'

export function xmlPair(name: ShapeName): Pair {
  const xml = xmlRival(Shapes[name].shape, name, { XMLBuilder, XMLParser })
  return {
    encode: (value, buffer, position) => xml.encodeInto(value, buffer, position),
    decode: (buffer, start, end) => xml.decode(buffer, start, end),
  }
}
