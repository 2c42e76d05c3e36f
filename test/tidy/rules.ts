// Owns the list of all rules.

import { habitRules } from './habits.ts'
import { layeringRules } from './layering.ts'
import { nameRules } from './names.ts'
import { repositoryRules } from './repository.ts'
import { sizeRules } from './sizes.ts'
import type { Rule } from './source.ts'
import { tableRules } from './tables.ts'
import { timeRules } from './time.ts'

export const rules: readonly Rule[] = [
  ...layeringRules,
  ...sizeRules,
  ...nameRules,
  ...habitRules,
  ...timeRules,
  ...tableRules,
  ...repositoryRules,
]
