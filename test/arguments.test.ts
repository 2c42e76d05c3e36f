// Every function that the entries export, by arguments of other types than it takes.

import * as earshot from 'earshot'
import * as testing from 'earshot/testing'
import { describe, expect, it } from 'vitest'

const { compat, describeContract, EarshotError, isEarshotError, mdns, staticPeers } = earshot
/** No file can be made there. */
const text = 'tcp://127.0.0.1:1'
const odd: readonly unknown[] = [null, undefined, 5, text, {}, [], () => 1]
const lists: readonly (readonly unknown[])[] = [
  [],
  ...odd.flatMap((one) => [[one], [text, one], [one, one, one], [{}, one, one]]),
]
const entries = Object.entries({ ...earshot, ...testing } as Record<string, unknown>)
const called = entries.filter(([, one]) => typeof one === 'function' && one !== EarshotError)

/** What it is refused with, if that is no error of ours; what was made is closed. */
async function oddError(made: (...given: unknown[]) => unknown, given: readonly unknown[]) {
  try {
    const result = (await made(...given)) as { close?: () => unknown } | undefined
    if (typeof result?.close === 'function') await result.close()
  } catch (error) {
    if (!isEarshotError(error) || error.code === 'EARSHOT_INTERNAL') return error
  }
  return undefined
}

describe('an argument of another type', () => {
  it.each(called)('of %s is refused with an error of ours, if at all', async (_name, made) => {
    for (const given of lists) {
      expect([given, await oddError(made as () => unknown, given)]).toEqual([given, undefined])
    }
  })

  it('is told with its path, and with what is wanted', () => {
    const told = (act: () => unknown) => {
      try {
        return act()
      } catch (error) {
        const { path, message } = error as InstanceType<typeof EarshotError>
        return `${path} ${message}`
      }
    }
    const none = null as never
    expect(told(() => compat(none, none))).toBe(
      '/old old is a contract, a channel or a shape, not null',
    )
    expect(told(() => staticPeers(none))).toBe(
      '/peers peers is a list of endpoints: ["tcp://10.0.0.7:4711"], not null',
    )
    expect(told(() => mdns(none))).toBe('/options options is an object, or left out, not null')
    expect(told(() => describeContract([] as never))).toBe(
      '/contract contract is a contract, as of contract(…), not a list',
    )
  })
})
