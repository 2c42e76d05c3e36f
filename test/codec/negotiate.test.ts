// The codec of two peers: the best for both lists, whichever side asks.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CodecName, codecNames } from '../../src/codec/codec.ts'
import { negotiate } from '../../src/codec/negotiate.ts'

const lists = fc.shuffledSubarray([...codecNames])
const rank = (list: readonly CodecName[], codec: CodecName) => list.indexOf(codec)

describe('negotiate', () => {
  it.each([
    [['avro', 'json'], ['json', 'avro'], 'json'],
    [['avro', 'protobuf', 'json'], ['protobuf', 'json', 'avro'], 'protobuf'],
    [['avro', 'protobuf', 'msgpack', 'json'], ['json'], 'json'],
    [['avro'], ['json'], undefined],
    [[], ['json'], undefined],
  ] as const)('of %j and %j chooses %s', (mine, theirs, chosen) => {
    expect(negotiate(mine, theirs)).toBe(chosen)
  })

  it('takes no codec that another common one beats in both lists', () => {
    fc.assert(
      fc.property(lists, lists, (mine, theirs) => {
        const chosen = negotiate(mine, theirs)
        const common = mine.filter((codec) => theirs.includes(codec))
        expect(chosen === undefined).toBe(common.length === 0)
        if (chosen === undefined) return
        const beats = (other: CodecName) =>
          rank(mine, other) < rank(mine, chosen) && rank(theirs, other) < rank(theirs, chosen)
        expect(common).toContain(chosen)
        expect(common.filter(beats)).toEqual([])
      }),
    )
  })

  it('costs both sides the same ranks, whoever asks', () => {
    fc.assert(
      fc.property(lists, lists, (mine, theirs) => {
        const cost = (codec: CodecName | undefined) =>
          codec === undefined ? -1 : rank(mine, codec) + rank(theirs, codec)
        expect(cost(negotiate(mine, theirs))).toBe(cost(negotiate(theirs, mine)))
      }),
    )
  })
})
