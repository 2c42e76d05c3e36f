// Owns reading a sample: one JSON value a line, with the numbers of the lines, within bounds.
// Never holds more than its bounds, and says so when the file has more.

import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { stop } from '../stop.ts'
import { visible } from '../terminal.ts'

export interface Row {
  readonly json: unknown
  /** From 1. */
  readonly line: number
}

export interface Sample {
  /** As it is shown. */
  readonly file: string
  readonly rows: readonly Row[]
  /** Of the lines that were read. */
  readonly bytes: number
  /** What was left unread, and why; undefined when it is the whole file. */
  readonly cut: string | undefined
}

export interface SampleBounds {
  readonly maxRows: number
  readonly maxBytes: number
}

const NEWLINE = 0x0a

/**
 * The rows of a file; `-` reads stdin. Empty lines are passed over.
 * @throws Failure with the line that is no JSON, or when there is no row at all
 */
export async function readSample(file: string, bounds: SampleBounds): Promise<Sample> {
  const reader = new Reader(file, bounds)
  const source = file === '-' ? process.stdin : createReadStream(file)
  const end = () => void source.destroy()
  stop.addEventListener('abort', end, { once: true })
  try {
    for await (const chunk of source) if (!reader.take(chunk as Buffer)) break
  } catch (error) {
    if (error instanceof Failure || stop.aborted) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw wrongUsage(`${shownFile(file)} cannot be read: ${code ?? message}`, 'check the path')
  } finally {
    end()
    stop.removeEventListener('abort', end)
  }
  return reader.end()
}

function shownFile(file: string): string {
  return file === '-' ? 'stdin' : visible(file)
}

/** Chunks of bytes, cut into lines. */
class Reader {
  readonly #file: string
  readonly #bounds: SampleBounds
  readonly #rows: Row[] = []
  #rest: Buffer[] = []
  #restBytes = 0
  #lines = 0
  #bytes = 0
  #cut: string | undefined

  constructor(file: string, bounds: SampleBounds) {
    this.#file = shownFile(file)
    this.#bounds = bounds
  }

  /** False: enough. */
  take(chunk: Buffer): boolean {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, at + 1))
      if (this.#cut !== undefined || !this.#line()) return false
      from = at + 1
    }
    this.#keep(chunk.subarray(from))
    return this.#cut === undefined
  }

  #keep(part: Buffer): void {
    this.#rest.push(part)
    this.#restBytes += part.length
    if (this.#bytes + this.#restBytes > this.#bounds.maxBytes) this.#cutAt('maxBytes', '--bytes')
  }

  #line(): boolean {
    const bytes = Buffer.concat(this.#rest)
    const text = bytes
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trim()
    this.#bytes += this.#restBytes
    this.#rest = []
    this.#restBytes = 0
    this.#lines++
    if (text === '') return true
    // What is not UTF-8 would be measured as U+FFFD.
    if (!isUtf8(bytes))
      throw this.#refused('no UTF-8', 'iconv -f latin1 -t utf-8 makes it of Latin 1')
    if (this.#rows.length >= this.#bounds.maxRows) {
      this.#cutAt('maxRows', '--rows')
      return false
    }
    this.#rows.push({ json: this.#parsed(text), line: this.#lines })
    return true
  }

  #cutAt(bound: keyof SampleBounds, option: string): void {
    const unit = bound === 'maxRows' ? 'rows' : 'bytes'
    const most = this.#bounds[bound].toLocaleString('en-US')
    this.#cut = `only the first ${most} ${unit} were read; ${option} reads more or less`
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const next = 'write one JSON value a line: jq -c . file.json makes that of a document'
      throw this.#refused(`no JSON: ${visible(why)}`, next)
    }
  }

  #refused(what: string, next: string): Failure {
    const text = `line ${this.#lines} of ${this.#file} is ${what}`
    return new Failure(exitCodes.usage, text, next, { data: { line: this.#lines } })
  }

  end(): Sample {
    if (this.#cut === undefined && this.#restBytes > 0) this.#line()
    if (this.#rows.length === 0) {
      const next = 'give a file with one JSON value a line'
      const what = this.#cut === undefined ? 'has no row' : `has no row so far: ${this.#cut}`
      throw wrongUsage(`${this.#file} ${what}`, next)
    }
    return { file: this.#file, rows: this.#rows, bytes: this.#bytes, cut: this.#cut }
  }
}
