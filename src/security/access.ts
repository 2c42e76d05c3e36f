// Owns the rules of who may use which channel: by role or key, never by name.
// Never asks who somebody is: the hello has proved that.

import { EarshotError } from '../base/errors.ts'
import type { Trusted } from './allow-file.ts'

/**
 * `contract/channel` or `contract/*` to who may use it: `role:…` or `key:SHA256:…`. A channel with
 * a rule is closed to everybody else; of two rules that name it the one without `*` counts.
 * Events under a rule leave by links; `outlet` says who may come to where all others leave.
 */
export type AccessRules = Readonly<Record<string, readonly string[]>>

/** As a channel of a contract has it. */
export interface ChannelName {
  readonly contract: string
  readonly name: string
}

type Who = Pick<Trusted, 'key' | 'roles'>

export interface Access {
  /** The rule that closes a channel, `shop.orders/*`, if there is one. */
  ruleOf(channel: ChannelName): string | undefined
  /** May somebody pass the rule? Nobody without a proved key may. */
  passes(rule: string, who: Who | undefined): boolean
  /**
   * The rule that closes an event to some who may come to the outlet that all share: it is told by
   * links, to those who pass.
   */
  byLink(channel: ChannelName): string | undefined
}

export const outletRule = 'outlet'

const RULE = /^[^/\s*]+\/(?:[^/\s*]+|\*)$/
const GRANT = /^(?:role:[\p{L}\p{N}][\p{L}\p{N}._@-]{0,99}|key:SHA256:[A-Za-z0-9+/]{43})$/u

/**
 * @throws EARSHOT_OPTION_INVALID with the path for what is no rule, and for rules where no peer has
 * a key of its own
 */
export function createAccess(rules: AccessRules | undefined, personal: boolean): Access {
  if (rules === undefined) return open
  if (typeof rules !== 'object' || rules === null || Array.isArray(rules)) {
    throw invalid('/allow', "takes rules: { 'shop.orders/place': ['role:web'] }")
  }
  const grants = new Map<string, ReadonlySet<string>>()
  for (const [rule, who] of Object.entries(rules)) grants.set(rule, checked(rule, who))
  if (!personal && grants.size > 0) {
    throw invalid(
      '/allow',
      "needs security: allowList('…'): only keys of one's own tell peers apart",
    )
  }
  return new RuledAccess(grants)
}

const open: Access = { ruleOf: () => undefined, passes: () => true, byLink: () => undefined }

class RuledAccess implements Access {
  readonly #grants: ReadonlyMap<string, ReadonlySet<string>>

  constructor(grants: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#grants = grants
  }

  ruleOf({ contract, name }: ChannelName): string | undefined {
    const exact = `${contract}/${name}`
    if (this.#grants.has(exact)) return exact
    const all = `${contract}/*`
    return this.#grants.has(all) ? all : undefined
  }

  passes(rule: string, who: Who | undefined): boolean {
    const grants = this.#grants.get(rule)
    if (!grants) return true
    if (!who) return false
    return grants.has(`key:${who.key}`) || who.roles.some((role) => grants.has(`role:${role}`))
  }

  byLink(channel: ChannelName): string | undefined {
    const rule = this.ruleOf(channel)
    const grants = rule === undefined ? undefined : this.#grants.get(rule)
    if (!grants) return undefined
    const hearing = this.#grants.get(outletRule)
    const all = hearing !== undefined && [...hearing].every((grant) => grants.has(grant))
    return all ? undefined : rule
  }
}

function checked(rule: string, who: unknown): ReadonlySet<string> {
  const path = `/allow/${rule.replace(/~/g, '~0').replace(/\//g, '~1')}`
  if (rule !== outletRule && !RULE.test(rule)) {
    throw invalid(path, 'is no rule: write contract/channel, contract/* or outlet')
  }
  if (!Array.isArray(who)) throw invalid(path, "takes a list: ['role:web', 'key:SHA256:…']")
  for (const [at, grant] of who.entries()) {
    if (typeof grant === 'string' && GRANT.test(grant)) continue
    throw invalid(`${path}/${at}`, 'is role:… or key:SHA256:…: a name proves nothing')
  }
  return new Set(who as string[])
}

function invalid(path: string, what: string): EarshotError {
  const text = `option ${path.slice(1)} ${what}`
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}
