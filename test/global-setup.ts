// A runtime directory for the whole test run, so that nothing is left in the user's own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'es-run-'))
  process.env.XDG_RUNTIME_DIR = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
