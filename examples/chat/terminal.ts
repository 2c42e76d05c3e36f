// The screen and the keyboard of the chat: lines in, lines out. In a terminal, what comes in moves
// the line that is being typed down and leaves it intact; in a pipe there are plain lines only.

import {
  clearScreenDown,
  createInterface,
  cursorTo,
  type Interface,
  moveCursor,
} from 'node:readline'
import { styleText } from 'node:util'

const colours = ['red', 'green', 'yellow', 'blue', 'magenta', 'cyan'] as const

export class Terminal {
  readonly isInteractive: boolean = Boolean(process.stdin.isTTY && process.stdout.isTTY)
  readonly #hasColours = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR
  #lines: Interface | undefined

  /** What is typed, line by line, until the end of input, Ctrl-C or `signal`. */
  read(prompt: string, signal: AbortSignal): AsyncIterable<string> {
    const { stdin: input, stdout: output } = process
    const lines = createInterface(
      this.isInteractive ? { input, output, signal } : { input, signal },
    )
    lines.on('SIGINT', () => lines.close())
    lines.once('close', () => {
      this.#lines = undefined
      if (this.isInteractive) output.write('\n')
    })
    this.#lines = lines
    this.prompt(prompt)
    return lines
  }

  /** Gives the keyboard back. */
  close(): void {
    this.#lines?.close()
  }

  prompt(text: string): void {
    this.#lines?.setPrompt(text)
    if (this.isInteractive) this.#lines?.prompt(true)
  }

  print(text: string): void {
    const { stdout } = process
    if (!this.#lines || !this.isInteractive) {
      stdout.write(`${text}\n`)
      return
    }
    const { rows } = this.#lines.getCursorPos()
    moveCursor(stdout, 0, -rows)
    cursorTo(stdout, 0)
    clearScreenDown(stdout)
    // `prompt` goes up again by the rows that the typed line had.
    stdout.write(`${text}\n${'\n'.repeat(rows)}`)
    this.#lines.prompt(true)
  }

  /** The same name has the same colour everywhere. */
  paintName(name: string): string {
    let hash = 0
    for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0
    const colour = colours[hash % colours.length] ?? 'cyan'
    return this.#hasColours ? styleText(colour, name) : name
  }

  paintNote(text: string): string {
    return this.#hasColours ? styleText('dim', text) : text
  }
}
