// Owns the line on stderr that says what is being measured, and since when.

import { type Clock, systemClock } from '../base/clock.ts'

/** On a terminal one line that changes; elsewhere a line each. */
export function progressLine(clock: Clock = systemClock): (what: string, isLast?: boolean) => void {
  const startMs = clock.nowMs()
  return (what, isLast = false) => {
    const seconds = ((clock.nowMs() - startMs) / 1_000).toFixed(0)
    const line = `${seconds.padStart(4)} s  ${what}`
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}${isLast ? '\n' : ''}`)
    else process.stderr.write(`${line}\n`)
  }
}
