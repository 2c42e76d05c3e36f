// Owns the numbers of fields and branches on the wire: as written, or the next that is free.
// Never takes a number twice.

import { isTag } from './names.ts'
import { type Place, type Schema, unsupported } from './schema.ts'

/** Numbers for named parts: the `tag` keyword, or the next number that is free. */
export function tagsOf(
  parts: readonly (readonly [name: string, schema: unknown])[],
  place: Place,
): Map<string, number> {
  const tags = new Map<string, number>()
  const taken = new Set<number>()
  for (const [name, schema] of parts) {
    const tag = (schema as Schema | undefined)?.tag
    if (tag === undefined) continue
    if (!isTag(tag) || taken.has(tag)) {
      const what = `the tag ${String(tag)} of "${name}"`
      throw unsupported(place.path, what, 'give each a number of its own from 1 to 18999')
    }
    taken.add(tag)
    tags.set(name, tag)
  }
  let next = 1
  for (const [name] of parts) {
    if (tags.has(name)) continue
    while (taken.has(next)) next++
    taken.add(next)
    tags.set(name, next)
  }
  return tags
}
