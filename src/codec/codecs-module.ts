// Owns the module of codecs made ahead of time: what `earshot gen --to codecs` writes.
// Never knows how a codec is made: it writes down what the compiler would have run.

import { defaultLimits, type Limits } from '../base/limits.ts'
import type { AnyContract } from '../contract/contract.ts'
import { checkContracts } from '../contract/given.ts'
import { codecNames } from './codec.ts'
import { formatOf } from './formats.ts'
import { recordSources } from './prepared.ts'

/**
 * An ESM module that, imported before the contracts are used, provides their codecs to places
 * that forbid code made at run time (`--disallow-code-generation-from-strings`, a policy of a
 * page). `limits` must be those of the peer.
 */
export function codecsModule(
  contracts: readonly AnyContract[],
  limits: Limits = defaultLimits,
): string {
  checkContracts(contracts)
  const sources = recordSources(() => {
    for (const { channels } of contracts) {
      for (const { shape, replyShape, errorShape, codecs } of channels) {
        for (const name of codecs ?? codecNames) {
          for (const part of [shape, replyShape, errorShape]) {
            if (part) formatOf(name).compile(part, limits)
          }
        }
      }
    }
  })
  const factories = [...sources].map(([key, body]) => `  '${key}': (scope) => {\n${body}\n  },\n`)
  const names = contracts.map(({ name, version }) => `${name} ${version}`).join(', ')
  return `// Made by earshot gen from ${names}: make it anew when they change.
import { provideCodecs } from 'earshot'

provideCodecs({
${factories.join('')}})
`
}
