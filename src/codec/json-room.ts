// Owns how many brackets and commas the JSON of a type can have, known before it is parsed.
// Never counts items: decoders do, and more exactly; this is what keeps memory bounded until then.

import type { Limits } from '../base/limits.ts'
import { targetOf } from '../contract/link.ts'
import type { RecordShape, Shape } from '../contract/shape.ts'

/** How many opening brackets and commas may come. */
export interface JsonRoom {
  readonly brackets: number
  readonly commas: number
}

/** For fields that only another version knows. */
const UNKNOWN = 2
/** For records of a type within each other, which are no items of a list. */
const NESTED = 4

/** The room for any value that the encoder of the shape writes, and unknown fields beside it. */
export function jsonRoom(shape: Shape, { maxItems }: Limits): JsonRoom {
  const found: Found = { item: { brackets: 1, commas: 1 }, isNested: false }
  const root = partsOf(shape, found)
  const times = UNKNOWN * (found.isNested ? NESTED : 1)
  const roomOf = (key: keyof JsonRoom): number =>
    Math.min((root[key] + maxItems * found.item[key]) * times, 0x7fff_ffff)
  return { brackets: roomOf('brackets'), commas: roomOf('commas') }
}

interface Found {
  /** The most that an item of any list or map in the shape has. */
  item: JsonRoom
  isNested: boolean
}

/** What one value has at most, without the items in it. */
function partsOf(shape: Shape, found: Found): JsonRoom {
  switch (shape.kind) {
    case 'list':
      return listParts(shape.items, found)
    case 'map':
      return listParts(shape.values, found)
    case 'record':
      return recordParts(shape, found)
    case 'union': {
      const parts = shape.branches.map((branch) => recordParts(branch.record, found))
      return {
        brackets: Math.max(...parts.map(({ brackets }) => brackets)),
        commas: 1 + Math.max(...parts.map(({ commas }) => commas)),
      }
    }
    case 'ref': {
      found.isNested = true
      const target = targetOf(shape)
      const records = target.kind === 'union' ? target.branches.map((one) => one.record) : [target]
      return { brackets: 1, commas: 1 + Math.max(...records.map(({ fields }) => fields.length)) }
    }
    default:
      return { brackets: 0, commas: 0 }
  }
}

function listParts(items: Shape, found: Found): JsonRoom {
  const { brackets, commas } = partsOf(items, found)
  found.item = {
    brackets: Math.max(found.item.brackets, brackets),
    commas: Math.max(found.item.commas, commas + 1),
  }
  return { brackets: 1, commas: 0 }
}

function recordParts({ fields }: RecordShape, found: Found): JsonRoom {
  let brackets = 1
  let commas = fields.length
  for (const { shape } of fields) {
    const parts = partsOf(shape, found)
    brackets += parts.brackets
    commas += parts.commas
  }
  return { brackets, commas }
}
