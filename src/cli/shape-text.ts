// Owns a message type as one line of text, for people who do not have the contract's source.
// Never exact: constraints and defaults stay with the peer.

import type { Channel } from 'earshot'

type Shape = Channel['shape']

const MAX_FIELDS = 24
const MAX_DEPTH = 3

/** `{ sku: string, lines: { n: integer }[], note?: string }` */
export function shapeText(shape: Shape, depth = 0): string {
  switch (shape.kind) {
    case 'bool':
      return 'boolean'
    case 'int':
      return shape.bigint ? 'integer as text' : 'integer'
    case 'float':
      return 'number'
    case 'bytes':
      return 'base64'
    case 'decimal':
      return `decimal(${shape.precision}, ${shape.scale})`
    case 'enum':
      return shape.symbols.map((symbol) => JSON.stringify(symbol)).join(' | ')
    case 'list':
      return listText(shapeText(shape.items, depth))
    case 'map':
      return `{ [key]: ${shapeText(shape.values, depth + 1)} }`
    case 'record':
      return recordText(fieldsText(shape.fields, depth))
    case 'ref':
      return shape.name
    case 'union':
      return shape.branches
        .map(({ literal, record }) => {
          const tag = `${shape.discriminator}: ${JSON.stringify(literal)}`
          return recordText([tag, ...fieldsText(record.fields, depth)])
        })
        .join(' | ')
    default:
      return shape.kind
  }
}

function fieldsText(fields: (Shape & { kind: 'record' })['fields'], depth: number): string[] {
  if (depth >= MAX_DEPTH) return fields.length > 0 ? ['…'] : []
  const shown = fields.slice(0, MAX_FIELDS).map((field) => {
    const mark = field.optional || field.fallback !== undefined ? '?' : ''
    const or = field.nullable ? ' | null' : ''
    return `${field.name}${mark}: ${shapeText(field.shape, depth + 1)}${or}`
  })
  return fields.length > MAX_FIELDS ? [...shown, '…'] : shown
}

function recordText(parts: readonly string[]): string {
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

function listText(items: string): string {
  return items.includes(' | ') ? `(${items})[]` : `${items}[]`
}
