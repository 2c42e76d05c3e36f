// Owns the size under gzip -9, by the program itself: the zlib inside Node makes other bytes.

import { spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'

/** Which of the two it was: the program may be missing. */
export type GzipBy = 'gzip -9' | 'zlib of Node'

/** As the published table has it: without a name or a time in the head. */
export function gzipSize(bytes: Uint8Array): { readonly length: number; readonly by: GzipBy } {
  const { status, stdout, error } = spawnSync('gzip', ['-9', '-n'], { input: bytes })
  if (status === 0) return { length: stdout.length, by: 'gzip -9' }
  if (error && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  return { length: gzipSync(bytes, { level: 9 }).length, by: 'zlib of Node' }
}
