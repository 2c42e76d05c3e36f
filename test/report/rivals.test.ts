// XML and CBOR as rivals: what they carry comes back as it was sent.

import * as cborLibrary from 'cbor'
import { Bytes, contract, notification } from 'earshot'
import { type CborLibrary, cborRival, firstDifference, type Rival, xmlRival } from 'earshot/report'
import * as xmlLibrary from 'fast-xml-parser'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'

const Cat = Type.Object({ kind: Type.Literal('cat'), lives: Type.Integer() })
const Dog = Type.Object({ kind: Type.Literal('dog'), tricks: Type.Array(Type.String()) })
const All = Type.Object({
  text: Type.String(),
  'odd name/here': Type.Boolean(),
  number: Type.Number(),
  big: Type.BigInt(),
  bytes: Bytes(),
  grid: Type.Array(Type.Array(Type.Integer())),
  labels: Type.Record(Type.String(), Type.Object({ n: Type.Integer() })),
  pet: Type.Union([Cat, Dog]),
  note: Type.Optional(Type.String()),
  none: Type.Optional(Type.Array(Type.String())),
})
const { message } = contract('test.rivals', '1.0.0', { message: notification(All) })

const values = [
  {
    text: 'a <b> & "c" é',
    'odd name/here': true,
    number: 0.1,
    big: 2n ** 60n,
    bytes: Uint8Array.of(0, 255),
    grid: [[1, 2], [], [3]],
    labels: { 'x y': { n: 1 }, '<': { n: 2 } },
    pet: { kind: 'dog', tricks: ['sit'] },
    note: '',
    none: [],
  },
  {
    text: '',
    'odd name/here': false,
    number: -2.5e300,
    big: -1n,
    bytes: new Uint8Array(),
    grid: [],
    labels: {},
    pet: { kind: 'cat', lives: 9 },
  },
]

const rivals: readonly (readonly [string, Rival])[] = [
  ['XML', xmlRival(message.shape, 'message', xmlLibrary)],
  ['CBOR', cborRival(cborLibrary as unknown as CborLibrary)],
]

describe.each(rivals)('%s', (_, rival) => {
  it('returns every kind of value as it was', () => {
    const room = Buffer.alloc(4_096)
    for (const value of values) {
      const end = rival.encodeInto(value, room, 8)
      expect(end).toBeGreaterThan(8)
      expect(firstDifference(value, rival.decode(room, 8, end))).toBeUndefined()
    }
  })

  it('says −1 when the room is too small, as a codec does', () => {
    expect(rival.encodeInto(values[0], Buffer.alloc(20), 4)).toBe(-1)
  })
})
