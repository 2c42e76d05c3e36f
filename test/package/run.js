// Owns how a step starts a program, and how it says what went wrong.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

export class Failure extends Error {
  /** @param {string} found What was printed or seen. @param {string} remedy What to do. */
  constructor(found, remedy) {
    super(found)
    this.report = `${found.trim().replace(/^/gm, '      ')}\n      → ${remedy}`
  }
}

/**
 * Runs to the end and returns what was printed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, remedy: string }} options
 */
export function run(command, args, { cwd = root, remedy }) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: outsideEnv(),
    maxBuffer: 64 * 1024 * 1024,
    timeout: 300_000,
  })
  if (error) throw new Failure(`${command}: ${error.message}`, remedy)
  if (status !== 0) throw new Failure(`${stdout}${stderr}` || `exit code ${status}`, remedy)
  return { stdout, stderr }
}

/** Without what an outer `npm run` says of this package: it would be taken for the inner one's. */
function outsideEnv() {
  const inner = /^npm_(package|lifecycle)_|^npm_(config_local_prefix|command|execpath)$|^INIT_CWD$/
  const kept = Object.entries(process.env).filter(([name]) => !inner.test(name))
  return Object.fromEntries(kept)
}
