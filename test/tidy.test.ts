// Style is a test: every rule of test/tidy over every file that is tracked or new.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { rules } from './tidy/rules.ts'
import { type File, isCode } from './tidy/source.ts'

const root = join(import.meta.dirname, '..')

function readRepository(): File[] {
  const list = ['ls-files', '-co', '--exclude-standard', '-z']
  const paths = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0')
  return paths
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => {
      const read = isCode(path) || path === 'package.json'
      return { path, text: read ? readFileSync(join(root, path), 'utf8') : '' }
    })
}

describe('the repository', () => {
  const files = readRepository()
  for (const rule of rules) {
    it(rule.name, () => {
      const found = [...rule.check(files)].map((one) => `${one.path}:${one.line} ${one.message}`)
      if (found.length > 0) throw new Error(`${found.length} to mend:\n${found.join('\n')}`)
    })
  }
})
