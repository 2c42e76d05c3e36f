// The last lines of a room, ordered by time, each once.

import type { Line } from './contract.ts'

export class History {
  readonly #maxLines: number
  #lines: Line[] = []

  constructor(maxLines: number) {
    this.#maxLines = maxLines
  }

  /** False for a line that is known, or older than all of a full history. */
  add(line: Line): boolean {
    if (this.#lines.some(({ id }) => id === line.id)) return false
    const later = this.#lines.findLastIndex(({ at }) => at <= line.at)
    this.#lines.splice(later + 1, 0, line)
    const dropped = this.#lines.length > this.#maxLines ? this.#lines.shift() : undefined
    return dropped !== line
  }

  last(count: number): Line[] {
    return this.#lines.slice(-count)
  }
}
