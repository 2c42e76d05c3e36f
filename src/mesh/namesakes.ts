// Owns the word on peers of one name: they need not be unique, and are told apart by id.
// Never keeps anybody out: whoever thought that a name was theirs alone can find out.

import { reportNote } from '../base/diagnostics.ts'

interface Named {
  readonly id: string
  readonly name: string
}

/** Says when somebody who came is called as others of `all` are. */
export function noteNamesakes(all: readonly Named[], { id, name }: Named): void {
  const ids = all.filter((one) => one.name === name).map((one) => one.id)
  if (ids.length < 2) return
  const text = `${ids.length} peers are called "${name}": ${id} and others, told apart by id`
  reportNote({ area: 'peer', text, data: { name, ids } })
}
