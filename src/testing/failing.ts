// Owns the rules by which calls fail in a world on purpose, laid around the handlers of its peers.
// Never touches a message: what fails, fails before its handler is called.

import { once } from 'node:events'
import { type Clock, sleep } from '../base/clock.ts'
import type { ErrorCode } from '../base/error-table.ts'
import { errorTable } from '../base/error-table.ts'
import { EarshotError } from '../base/errors.ts'
import type { Channel } from '../contract/channel.ts'
import type { AnyContract } from '../contract/contract.ts'
import type { HandlerContext } from '../patterns/call-context.ts'
import { Refusal } from '../patterns/refusal.ts'
import type { Chance } from './chance.ts'

export interface FailRule {
  /** So many of 1 fail. Default 1. */
  readonly rate?: number
  /**
   * What the caller gets. EARSHOT_TIMEOUT: no answer at all. Default EARSHOT_REMOTE, or nothing
   * but the delay where there is one.
   */
  readonly code?: ErrorCode
  /** How long it takes until then, ms of the world's time. Default 0. */
  readonly delayMs?: number
}

/** A rule that is in force. */
export interface Failing {
  /** How often it has struck. */
  readonly count: number
  /** Nothing fails by it any more. */
  end(): void
}

/** Called with a body and a context, of whatever kind. */
type Handler = (body: never, context: HandlerContext) => unknown

interface Rule {
  readonly target: string
  readonly given: FailRule
  count: number
}

const TARGET = /^[^/\s*]+\/(?:[^/\s*]+|\*)$/

export class Failures {
  readonly #chance: Chance
  readonly #rules = new Set<Rule>()

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** @throws EARSHOT_OPTION_INVALID */
  add(channel: string | Channel, given: FailRule): Failing {
    const rule: Rule = { target: targetOf(channel), given: checked(given), count: 0 }
    this.#rules.add(rule)
    return {
      get count() {
        return rule.count
      },
      end: () => this.#rules.delete(rule),
    }
  }

  /** The handlers, each behind the rules that there are when it is called; `clock` is theirs. */
  around<H extends object>({ name, channels }: AnyContract, handlers: H, clock: Clock): H {
    const guarded = channels.flatMap((channel) => {
      const handler = (handlers as Readonly<Record<string, Handler | undefined>>)[channel.name]
      if (typeof handler !== 'function') return []
      return [[channel.name, this.#guarded(`${name}/${channel.name}`, handler, clock)]]
    })
    return { ...handlers, ...Object.fromEntries(guarded) }
  }

  #guarded(target: string, handler: Handler, clock: Clock): Handler {
    return (body, context) => {
      const struck = this.#struck(target)
      if (struck.length === 0) return handler(body, context)
      // Also of a stream: its handler may give a promise of what it yields.
      return this.#fail(struck, target, context, clock).then(() => handler(body, context))
    }
  }

  #struck(target: string): FailRule[] {
    const all = `${target.slice(0, target.indexOf('/'))}/*`
    const struck: FailRule[] = []
    for (const rule of this.#rules) {
      if (rule.target !== target && rule.target !== all) continue
      if (!this.#chance.is(rule.given.rate ?? 1)) continue
      rule.count++
      struck.push(rule.given)
    }
    return struck
  }

  async #fail(
    struck: readonly FailRule[],
    target: string,
    { signal }: HandlerContext,
    clock: Clock,
  ): Promise<void> {
    for (const { delayMs = 0, code } of struck) {
      if (delayMs > 0) await sleep(clock, delayMs)
      if (code === undefined && delayMs > 0) continue
      // Until nobody waits any more.
      if (code === 'EARSHOT_TIMEOUT' && !signal.aborted) await once(signal, 'abort')
      throw new Refusal(code ?? 'EARSHOT_REMOTE', `${target} fails by a rule of the test`)
    }
  }
}

function targetOf(channel: string | Channel): string {
  if (typeof channel === 'string') {
    if (TARGET.test(channel)) return channel
    throw invalid('/channel', `"${channel}" is no channel: write contract/channel or contract/*`)
  }
  if (channel.kind === 'event') {
    const hint = 'let the network drop it: between(one, other, { dropRate })'
    throw invalid('/channel', `${channel.key} is an event, which nobody serves: ${hint}`)
  }
  return `${channel.contract}/${channel.name}`
}

function checked(rule: FailRule): FailRule {
  const { rate = 1, delayMs = 0, code } = rule
  if (!(rate >= 0 && rate <= 1)) throw invalid('/rate', `rate is from 0 to 1, not ${rate}`)
  if (!(delayMs >= 0 && delayMs < 2 ** 31)) {
    throw invalid('/delayMs', `delayMs is a number of ms from 0, not ${delayMs}`)
  }
  if (code !== undefined && !Object.hasOwn(errorTable, code)) {
    throw invalid('/code', `${code} is no code of the table of errors`)
  }
  return rule
}

function invalid(path: string, text: string): EarshotError {
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}
