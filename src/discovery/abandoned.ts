// Owns the removal of meshes that nobody is in any more: their sockets, records and directories.
// Never touches one that was used within the last hour, nor anything that it does not know.

import { lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { removeLeftovers } from './leftovers.ts'

const MESH_NAME = /^[0-9a-f]{8}$/
const RECORD_NAME = /^[0-9a-f]{32}\.json(\.\w+)?$/
/** A live peer has a pulse, or touches its record every 5 s. */
const UNUSED_MS = 3_600_000
/** A start shall not be kept busy by the litter of years: the next takes the rest. */
const MOST_AT_ONCE = 32

/** Looks at the directories beside `path`, the one in use. Resolves with how many are gone. */
export async function removeAbandoned(path: string): Promise<number> {
  const parent = dirname(path)
  const names = await readdir(parent).catch(() => [])
  const others = names.filter((name) => MESH_NAME.test(name) && join(parent, name) !== path)
  let removed = 0
  for (const name of others.slice(0, MOST_AT_ONCE)) {
    if (await removeMesh(join(parent, name))) removed++
  }
  return removed
}

async function removeMesh(folder: string): Promise<boolean> {
  try {
    if (!(await isUnused(folder))) return false
    if ((await removeLeftovers(folder)).inUse) return false
    for (const name of await readdir(folder)) {
      const file = join(folder, name)
      if (RECORD_NAME.test(name) && (await isUnused(file))) await unlink(file)
    }
    await rmdir(folder)
    return true
  } catch {
    // Not empty, not ours, or gone meanwhile: it stays, and the next start looks again.
    return false
  }
}

async function isUnused(path: string): Promise<boolean> {
  return systemClock.wallMs() - (await lstat(path)).mtimeMs > UNUSED_MS
}
