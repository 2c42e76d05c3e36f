// Owns the line on stderr that says what is being measured, and since when.

/** On a terminal one line that changes; elsewhere a line each. */
export function progressLine(): (what: string, isLast?: boolean) => void {
  const startMs = performance.now()
  return (what, isLast = false) => {
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(0)
    const line = `${seconds.padStart(4)} s  ${what}`
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}${isLast ? '\n' : ''}`)
    else process.stderr.write(`${line}\n`)
  }
}
