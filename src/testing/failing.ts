// Owns the rules by which calls fail in a world on purpose: a middleware, the innermost of each
// service there.
// Never touches a message: what fails, fails before its handler is called.

import { once } from 'node:events'
import { checkArgument, isObject } from '../base/arguments.ts'
import { type Clock, sleep } from '../base/clock.ts'
import type { ErrorCode } from '../base/error-table.ts'
import { errorTable } from '../base/error-table.ts'
import { EarshotError } from '../base/errors.ts'
import type { Channel } from '../contract/channel.ts'
import { checkChannel } from '../contract/given.ts'
import type { HandlerContext } from '../patterns/call-context.ts'
import type { ServeOptions } from '../patterns/gate.ts'
import type { Middleware } from '../patterns/middleware.ts'
import { Refusal } from '../patterns/refusal.ts'
import type { Peer } from '../peer-types.ts'
import type { Chance } from './chance.ts'
import type { SimulatedProcess } from './process.ts'

export interface FailRule {
  /** So many of 1 fail. Default 1. */
  readonly rate?: number
  /**
   * What the caller gets. EARSHOT_TIMEOUT: no answer at all. Default EARSHOT_REMOTE, or nothing
   * but the delay where there is one. A stream, a talk or a ticket has begun by then: its `sent` is
   * `unknown`, whatever the code says of a call.
   */
  readonly code?: ErrorCode
  /** How long it takes until then, ms of the world's time. Default 0. */
  readonly delayMs?: number
  /** It strikes so often and then no more. Default: as long as it is in force. */
  readonly times?: number
  /** Only at this peer of those that serve the channel. Default: at all. */
  readonly at?: Peer
  /**
   * True: the handler does its work, and then its answer is lost; of channels with one answer, or
   * none. Not with a code that says that nothing was done. Default false: it is not called.
   */
  readonly handled?: boolean
}

/** A rule that is in force. */
export interface Failing {
  /** How often it has struck. */
  readonly count: number
  /** Nothing fails by it any more. */
  end(): void
}

interface Rule {
  readonly target: string
  readonly given: FailRule
  count: number
}

const TARGET = /^[^/\s*]+\/(?:[^/\s*]+|\*)$/

export class Failures {
  readonly #chance: Chance
  readonly #note: ((text: string) => void) | undefined
  readonly #rules = new Set<Rule>()

  /** @param note is told of each call that is handled, and of each that fails by a rule */
  constructor(chance: Chance, note: ((text: string) => void) | undefined) {
    this.#chance = chance
    this.#note = note
  }

  /** @throws EARSHOT_OPTION_INVALID */
  add(channel: string | Channel, given: FailRule): Failing {
    const rule: Rule = { target: targetOf(channel), given: checked(given), count: 0 }
    if (given.handled && typeof channel === 'object' && !hasOneAnswer(channel)) {
      throw invalid('/handled', `${channel.key} is a ${channel.kind}: it has no one answer to lose`)
    }
    this.#rules.add(rule)
    return {
      get count() {
        return rule.count
      },
      end: () => this.#rules.delete(rule),
    }
  }

  /**
   * Behind all that a service has around its handlers stand the rules that there are when one of
   * them is called. What is no list of middleware stays to be refused.
   */
  within(serving: ServeOptions, peer: Peer, process: SimulatedProcess): ServeOptions {
    const { use = [] } = Object(serving) as ServeOptions
    if (!isObject(serving) || !Array.isArray(use)) return serving
    return { ...serving, use: [...use, this.#around(peer, process)] }
  }

  #around(peer: Peer, process: SimulatedProcess): Middleware<HandlerContext> {
    return (next) => (message, context) => {
      const target = targetIn(context)
      const struck = this.#struck(target, peer)
      this.#note?.(`${process.name} handles ${target} of ${context.from.name}${textOf(struck)}`)
      if (struck.length === 0) return next(message, context)
      const call = async () => next(message, context)
      return failed(struck, call, target, context, process.clock)
    }
  }

  #struck(target: string, peer: Peer): FailRule[] {
    const all = `${target.slice(0, target.indexOf('/'))}/*`
    const struck: FailRule[] = []
    for (const rule of this.#rules) {
      const { rate = 1, times = Number.POSITIVE_INFINITY, at = peer } = rule.given
      if ((rule.target !== target && rule.target !== all) || at !== peer) continue
      if (rule.count >= times || !this.#chance.is(rate)) continue
      rule.count++
      struck.push(rule.given)
    }
    return struck
  }
}

function textOf(struck: readonly FailRule[]): string {
  return struck
    .map(
      ({ code, delayMs }) =>
        `, by a rule ${code ?? (delayMs ? `${delayMs} ms late` : 'EARSHOT_REMOTE')}`,
    )
    .join('')
}

/** One rule after the other: of a stream, too, whose handler may give a promise of its items. */
async function failed(
  struck: readonly FailRule[],
  call: () => Promise<unknown>,
  target: string,
  { signal }: HandlerContext,
  clock: Clock,
): Promise<unknown> {
  for (const { delayMs = 0, code, handled = false } of struck) {
    if (handled) await call()
    if (delayMs > 0) await sleep(clock, delayMs)
    if (code === undefined && delayMs > 0 && !handled) continue
    // Until nobody waits any more.
    if (code === 'EARSHOT_TIMEOUT' && !signal.aborted) await once(signal, 'abort')
    throw new Refusal(code ?? 'EARSHOT_REMOTE', `${target} fails by a rule of the test`)
  }
  return call()
}

function hasOneAnswer({ kind }: Channel): boolean {
  return kind !== 'stream' && kind !== 'duplex'
}

/** `shop.orders/1/place` as rules name it. */
function targetIn({ channel }: HandlerContext): string {
  return channel.replace(/\/\d+\//, '/')
}

function targetOf(channel: string | Channel): string {
  if (typeof channel === 'string') {
    if (TARGET.test(channel)) return channel
    throw invalid('/channel', `"${channel}" is no channel: write contract/channel or contract/*`)
  }
  checkChannel(channel)
  if (channel.kind === 'event') {
    const hint = 'let the network drop it: between(one, other, { dropRate })'
    throw invalid('/channel', `${channel.key} is an event, which nobody serves: ${hint}`)
  }
  return `${channel.contract}/${channel.name}`
}

const RULE = ['rate', 'code', 'delayMs', 'times', 'at', 'handled']

function checked(rule: FailRule): FailRule {
  checkArgument(isObject(rule), '/rule', 'an object: { rate: 0.3 }', rule)
  const unknown = Object.keys(rule).find((name) => !RULE.includes(name))
  if (unknown !== undefined) throw invalid(`/${unknown}`, `a rule has no "${unknown}"`)
  const { rate = 1, delayMs = 0, times = 1, code, handled = false } = rule
  if (!(rate >= 0 && rate <= 1)) throw invalid('/rate', `rate is from 0 to 1, not ${rate}`)
  if (!(delayMs >= 0 && delayMs < 2 ** 31)) {
    throw invalid('/delayMs', `delayMs is a number of ms from 0, not ${delayMs}`)
  }
  if (code !== undefined && !Object.hasOwn(errorTable, code)) {
    throw invalid('/code', `${code} is no code of the table of errors`)
  }
  if (!(Number.isInteger(times) && times >= 1)) {
    throw invalid('/times', `times is a whole number from 1, not ${times}`)
  }
  if (typeof handled !== 'boolean') throw invalid('/handled', 'handled is true or false')
  if (handled && code !== undefined && errorTable[code].sent === 'no') {
    throw invalid('/handled', `${code} says that nothing was done: not of what is handled`)
  }
  return rule
}

function invalid(path: string, text: string): EarshotError {
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}
