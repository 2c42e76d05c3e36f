// Owns what reaches the terminal: stdout, stderr, colours, text that others have written.
// Never lets a control character of a remote peer through: it would command the terminal.

import { styleText } from 'node:util'

type Style = 'bold' | 'dim' | 'red' | 'cyan'
type Stream = NodeJS.WriteStream

const FALLBACK_COLUMNS = 80
const LEAST_COLUMNS = 40
/** Controls, directions of writing, and separators that some terminals take for line ends. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu
const UNSAFE_IN_JSON = /[^\P{Cc}\n]|[\p{Bidi_Control}\p{Zl}\p{Zp}]/gu

/** One line to stdout. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** One line to stderr: for people, also while stdout goes into a pipe. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Text from elsewhere with everything visible that a terminal would obey. */
export function visible(text: string): string {
  return text.replace(UNSAFE, escaped)
}

/** JSON that is safe to show and still the same value; `indent` spaces a level, 0 for one line. */
export function jsonText(value: unknown, indent = 0): string {
  return (JSON.stringify(value, undefined, indent) ?? 'null').replace(UNSAFE_IN_JSON, escaped)
}

/** In colour on a terminal, unless the user has set NO_COLOR. */
export function paint(style: Style, text: string, stream: Stream = process.stdout): string {
  const colourless = !stream.isTTY || (process.env.NO_COLOR ?? '') !== ''
  return colourless || process.env.TERM === 'dumb' ? text : styleText(style, text)
}

/** Characters in a line of stdout. */
export function terminalColumns(): number {
  const { isTTY, columns } = process.stdout
  return isTTY && columns > 0 ? Math.max(LEAST_COLUMNS, columns) : FALLBACK_COLUMNS
}

/** A reader who has seen enough (`| head`) is no error: `onClosed` ends the work. */
export function survivePipe(onClosed: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
      onClosed()
    })
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
