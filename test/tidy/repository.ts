// Owns the rules about the repository as a whole: what lies in the root, entries, scripts.

import { maxScripts, topLevel } from './house.ts'
import type { File, Rule } from './source.ts'

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

function manifestOf(files: readonly File[]): Manifest {
  const file = files.find(({ path }) => path === 'package.json')
  return file ? (JSON.parse(file.text) as Manifest) : {}
}

function lineWith(files: readonly File[], text: string): number {
  const file = files.find(({ path }) => path === 'package.json')
  const index = file?.text.split('\n').findIndex((line) => line.includes(text)) ?? -1
  return index < 0 ? 1 : index + 1
}

const fewScripts: Rule = {
  name: `package.json has at most ${maxScripts} scripts`,
  *check(files) {
    const count = Object.keys(manifestOf(files).scripts ?? {}).length
    if (count <= maxScripts) return
    const message = `${count} scripts: let one take an argument, or make it a command of the CLI`
    yield { path: 'package.json', line: lineWith(files, '"scripts"'), message }
  },
}

const fewRootEntries: Rule = {
  name: 'the root holds only what its list names',
  *check(files) {
    const seen = new Set<string>()
    for (const { path } of files) {
      const [entry = path] = path.split('/')
      if (topLevel.includes(entry) || seen.has(entry)) continue
      seen.add(entry)
      const message = `"${entry}" is not in the list of test/tidy/house.ts: put it into a folder`
      yield { path, line: 1, message }
    }
  },
}

const indexIsEntry: Rule = {
  name: 'a folder of src has an index.ts exactly when it is an entry of the package',
  *check(files) {
    const entries = new Map<string, string>()
    for (const [key, value] of Object.entries(manifestOf(files).exports ?? {})) {
      if (key === './package.json') continue
      // What runs is bundled; the declarations lie where the sources do.
      const target = typeof value === 'string' ? value : (value.types ?? '')
      entries.set(target.replace(/^\.\/dist\//, '').replace(/(?:\.d\.ts|\.js)$/, '.ts'), key)
    }
    const paths = new Set(files.map(({ path }) => path))
    for (const path of paths) {
      if (!/^src\/(.*\/)?index\.ts$/.test(path) || entries.has(path)) continue
      const message = 'no entry of package.json: name the file after its concept, and import that'
      yield { path, line: 1, message }
    }
    for (const [path, key] of entries) {
      if (paths.has(path) && path.endsWith('/index.ts')) continue
      const message = `entry "${key}" needs the index.ts of a folder in src, and means ${path}`
      yield { path: 'package.json', line: lineWith(files, `"${key}"`), message }
    }
  },
}

export const repositoryRules: readonly Rule[] = [fewScripts, fewRootEntries, indexIsEntry]
