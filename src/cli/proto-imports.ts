// Owns finding what a .proto file imports: beside it, and in the folders that were named.
// Never leaves those folders.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** The text of an import, from the first folder that has it; undefined when none does. */
export function protoImports(
  source: string,
  folders: readonly string[],
): (path: string) => string | undefined {
  const places = [...folders, dirname(source)]
  return (path) => {
    const inner = normalize(path)
    if (inner.startsWith('..') || inner.startsWith('/')) return undefined
    const found = places.map((folder) => join(folder, inner)).find((file) => existsSync(file))
    return found === undefined ? undefined : readFileSync(found, 'utf8')
  }
}
