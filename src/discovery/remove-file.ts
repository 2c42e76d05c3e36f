// Owns the removal of a file that may be gone already.

import { unlinkSync } from 'node:fs'

/** True when it was there and is gone now. */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch {
    return false
  }
}
