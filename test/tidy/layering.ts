// Owns the rules about imports: floors, owners of packages, cycles.
// Never tells types from values, except where the table itself does.

import { builtinModules } from 'node:module'
import { owners, type Room, rooms } from './house.ts'
import { type File, fileRule, type Import, imports, type Rule, type Violation } from './source.ts'

/** The row of the table that a file of src belongs to. */
export function roomOf(path: string): string {
  const [, first = '', second] = path.split('/')
  if (second !== undefined) return first
  // Composition may be spread over peer.ts and peer-….ts: one room.
  return /^peer(-[a-z0-9-]+)?\.ts$/.test(first) ? 'peer.ts' : first
}

function isAllowed(room: Room, target: string, typeOnly: boolean): boolean {
  const home = roomOf(target)
  return room.mayImport.some((entry) => {
    const [kind, name = kind] = entry.split(' ')
    if (kind === 'type' && !typeOnly) return false
    return name === home || `src/${name}` === target
  })
}

function crossing(path: string, { target, specifier, typeOnly }: Import): string | undefined {
  const home = roomOf(path)
  const room = rooms[home]
  if (!room) {
    return `src/${home} is not in the table: put the file into a folder of test/tidy/house.ts`
  }
  if (target === undefined) return undefined
  if (!specifier.startsWith('.')) {
    const own = 'only src/cli uses our entries; import the file itself, by its relative path'
    return home === 'cli' ? undefined : own
  }
  if (!target.startsWith('src/')) return `"${specifier}" leaves src: pass in what is needed`
  if (roomOf(target) === home || isAllowed(room, target, typeOnly)) return undefined
  const allowed = room.mayImport.join(', ') || (home === 'cli' ? 'our entries' : 'nothing of ours')
  return `${home} may import ${allowed}, not ${target.slice(4)}: pass it in from above`
}

const floors = fileRule('imports in src follow the table of floors', /^src\//, function* (file) {
  if (!rooms[roomOf(file.path)]) {
    yield { line: 1, message: `${file.path} is in no folder of the table in test/tidy/house.ts` }
    return
  }
  for (const one of imports(file)) {
    const message = crossing(file.path, one)
    if (message) yield { line: one.line, message }
  }
})

/** Guards the data: a row of the table cannot itself point upwards or sideways. */
export function* upwardArrows(table: Readonly<Record<string, Room>>): Generator<string> {
  for (const [name, room] of Object.entries(table)) {
    for (const entry of room.mayImport) {
      const target = entry.replace(/^type /, '')
      const below = table[target] ?? table[target.split('/')[0] ?? '']
      if (!below || below.floor >= room.floor) yield `${name} may import ${entry}`
    }
  }
}

const examples = fileRule('examples import as a user does', /^examples\//, function* (file) {
  for (const { target, specifier, line } of imports(file)) {
    if (!specifier.startsWith('.') || target?.startsWith('examples/')) continue
    yield {
      line,
      message: `"${specifier}" leaves examples: import 'earshot' or one of its entries`,
    }
  }
})

function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

const owned = fileRule('a package is imported by its owner alone', /^src\//, function* (file) {
  for (const { specifier, target, line } of imports(file)) {
    if (target !== undefined) continue
    const name = packageName(specifier)
    const folders = owners[name]
    if (!folders && specifier.startsWith('node:')) continue
    if (folders?.includes(roomOf(file.path))) continue
    const message = folders
      ? `${name} belongs to src/${folders.join(', src/')}: use what that folder exports`
      : `${name} has no owner: give it a folder in test/tidy/house.ts, or do without it`
    yield { line, message }
  }
})

const bare = new Set(builtinModules.filter((name) => !name.startsWith('_')))

const prefixed = fileRule('modules of Node are imported with node:', /./, function* (file) {
  for (const { specifier, line } of imports(file)) {
    if (bare.has(specifier)) yield { line, message: `write 'node:${specifier}'` }
  }
})

const acyclic: Rule = {
  name: 'no file imports itself in a circle, types included',
  *check(files: readonly File[]) {
    const byPath = new Map(files.map((file) => [file.path, file]))
    const done = new Set<string>()
    for (const { path } of files) yield* circles(path, byPath, [], done)
  },
}

function* circles(
  path: string,
  byPath: ReadonlyMap<string, File>,
  trail: readonly string[],
  done: Set<string>,
): Generator<Violation> {
  const file = byPath.get(path)
  if (!file || done.has(path) || !/\.[cm]?[jt]s$/.test(path)) return
  const here = [...trail, path]
  for (const { target, line } of imports(file)) {
    if (target === undefined) continue
    const start = here.indexOf(target)
    if (start >= 0) {
      const circle = [...here.slice(start), target].join(' → ')
      yield { path, line, message: `${circle}: move what they share into a file of its own` }
    } else yield* circles(target, byPath, here, done)
  }
  done.add(path)
}

export const layeringRules: readonly Rule[] = [floors, examples, owned, prefixed, acyclic]
