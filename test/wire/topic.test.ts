// Topics are prefixes for ZeroMQ: none may be the beginning of another.

import { describe, expect, it } from 'vitest'
import {
  answerIn,
  answerToMarker,
  isMarker,
  markerOf,
  parseMarker,
  parsePrefix,
  prefixLength,
  prefixOf,
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

  it('with a key are never a prefix of all keys, of another key or of another topic', () => {
    const topics = ['o/1/place', 'o/1/placed'].map((name) => topicOf(name, 2, shape))
    const keys = [undefined, '', 'a', 'ab', 'ä', 'a'.repeat(255)]
    const prefixes = topics.flatMap((topic) => keys.map((key) => prefixOf(topic, key)))
    for (const a of prefixes) {
      expect(prefixLength(Buffer.concat([a, Buffer.from('rest')]))).toBe(a.length)
      for (const b of prefixes) {
        if (a !== b) expect(b.subarray(0, a.length).equals(a)).toBe(false)
      }
    }
    for (const [index, bytes] of prefixes.entries()) {
      expect(parsePrefix(bytes)?.key).toBe(keys[index % keys.length])
      for (let cut = 0; cut < bytes.length; cut++) {
        expect(parsePrefix(bytes.subarray(0, cut))).toBeUndefined()
      }
    }
  })

  it('are found in their marker, and in nothing else', () => {
    const topic = topicOf('shop/1/placed', 2, shape)
    const marker = markerOf(id, prefixOf(topic, 'ada'))
    expect(isMarker(marker)).toBe(true)
    const prefix = { topic: topic.toString('latin1'), name: 'shop/1/placed', key: 'ada' }
    expect(parseMarker(marker)).toEqual({ id, prefix })
    for (let cut = 0; cut < marker.length; cut++) {
      expect(parseMarker(marker.subarray(0, cut))).toBeUndefined()
    }
    expect(parseMarker(Buffer.concat([marker, Buffer.from([1])]))).toBeUndefined()
  })

  it('have their next number in the answer to their own marker only', () => {
    const prefix = prefixOf(topicOf('shop/1/placed', 2, shape), undefined)
    const marker = markerOf(id, prefix)
    const other = markerOf('cd'.repeat(16), prefix)
    const numbers = { next: 123_456_789, since: 77, by: 'ef'.repeat(16) }
    const answer = answerToMarker(marker, numbers)
    expect(answerIn(answer, marker)).toEqual(numbers)
    expect(answerIn(answer, other)).toBeUndefined()
    expect(answerIn(marker, marker)).toBeUndefined()
  })
})
