// Topics are prefixes for ZeroMQ: none may be the beginning of another.

import { describe, expect, it } from 'vitest'
import {
  answerToMarker,
  isMarker,
  markerOf,
  parseMarker,
  sequenceInAnswer,
  topicLength,
  topicOf,
} from '../../src/wire/topic.ts'

const shape = 'deadbeef'
const id = 'ab'.repeat(16)

describe('topics', () => {
  it('are never a prefix of another', () => {
    const names = ['o/1/place', 'o/1/placed', 'o/1/p', 'o/11/place', 'oo/1/place']
    const topics = names.flatMap((name) => [0, 1, 2, 3].map((codec) => topicOf(name, codec, shape)))
    topics.push(topicOf('o/1/place', 2, 'deadbeee'))
    for (const a of topics) {
      for (const b of topics) {
        if (a !== b) expect(b.subarray(0, a.length).equals(a)).toBe(false)
      }
    }
  })

  it('tell their own length at the head of a frame', () => {
    const topic = topicOf('shop/1/placed', 2, shape)
    expect(topicLength(Buffer.concat([topic, Buffer.from('rest')]))).toBe(topic.length)
    expect(topicLength(topic.subarray(0, topic.length - 1))).toBe(-1)
    expect(topicLength(Buffer.alloc(0))).toBe(-1)
    expect(topicLength(Buffer.from([255, 1]))).toBe(-1)
  })

  it('are found in their marker, and in nothing else', () => {
    const topic = topicOf('shop/1/placed', 2, shape)
    const marker = markerOf(id, topic)
    expect(isMarker(marker)).toBe(true)
    expect(parseMarker(marker)).toEqual({ id, topic, name: 'shop/1/placed' })
    for (let cut = 0; cut < marker.length; cut++) {
      expect(parseMarker(marker.subarray(0, cut))).toBeUndefined()
    }
    expect(parseMarker(Buffer.concat([marker, Buffer.from([1])]))).toBeUndefined()
  })

  it('have their next number in the answer to their own marker only', () => {
    const marker = markerOf(id, topicOf('shop/1/placed', 2, shape))
    const other = markerOf('cd'.repeat(16), topicOf('shop/1/placed', 2, shape))
    const answer = answerToMarker(marker, 123_456_789)
    expect(sequenceInAnswer(answer, marker)).toBe(123_456_789)
    expect(sequenceInAnswer(answer, other)).toBe(-1)
    expect(sequenceInAnswer(marker, marker)).toBe(-1)
  })
})
