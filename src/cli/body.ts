// Owns bodies as users write them: JSON from an argument or stdin, checked against the contract.
// Never sends.

import { text as readAll } from 'node:stream/consumers'
import { bodyFromJson, type Channel, isEarshotError, type Part } from 'earshot'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import { shapeText } from './shape-text.ts'
import { stop } from './stop.ts'

const MAX_SHAPE_TEXT = 1_000

/** The JSON of an argument; `-` reads it from stdin, nothing at all is `{}`. */
export async function readJson(argument: string | undefined): Promise<unknown> {
  if (argument === undefined) return {}
  if (argument !== '-') return parseJson(argument, 'the body')
  return parseJson(await readAll(process.stdin), 'what came from stdin')
}

/**
 * One JSON value for each line of stdin that is not empty, as many at once as came at once.
 * Ends when we are to end.
 * @throws Failure with the number of a line that is no JSON, after what stood before it
 */
export async function* readJsonLines(): AsyncGenerator<readonly Line[]> {
  const { stdin } = process
  // A stdin that is still open would keep the process alive.
  const end = () => void stdin.destroy()
  stop.addEventListener('abort', end, { once: true })
  const lines = new Lines()
  try {
    for await (const chunk of stdin.setEncoding('utf8')) yield* lines.read(chunk as string)
    yield* lines.read('\n')
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    end()
  }
}

export interface Line {
  readonly json: unknown
  /** For messages: `line 3 of stdin`. */
  readonly where: string
}

/** Chunks of text, cut into lines. */
class Lines {
  #count = 0
  #rest = '';

  *read(chunk: string): Generator<readonly Line[]> {
    const texts = (this.#rest + chunk).split('\n')
    this.#rest = texts.pop() ?? ''
    const lines: Line[] = []
    for (const text of texts) {
      this.#count++
      if (text.trim() === '') continue
      const where = `line ${this.#count} of stdin`
      try {
        lines.push({ json: parseJson(text, where), where })
      } catch (error) {
        yield lines
        throw error
      }
    }
    yield lines
  }
}

/**
 * The body that the channel takes.
 * @throws Failure with the path of the field and what the channel expects
 */
export function checkedBody(
  channel: Channel,
  json: unknown,
  where = 'the body',
  part: Part = 'body',
): unknown {
  try {
    return bodyFromJson(channel, json, part)
  } catch (error) {
    if (!isEarshotError(error) || error.code !== 'EARSHOT_BODY_INVALID') throw error
    const shape = part === 'body' ? channel.shape : channel.replyShape
    const name = `${channel.contract}/${channel.name}`
    const { code, path = '' } = error
    const text = `${where} does not fit ${name}: ${error.message}`
    const next = `it is ${shape ? shapeText(shape).slice(0, MAX_SHAPE_TEXT) : 'nothing'}`
    throw new Failure(exitCodes.usage, text, next, { code, data: { path } })
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const next = `write JSON, in single quotes for the shell: '{"sku":"x"}'`
    throw wrongUsage(`${what} is no JSON: ${why}`, next)
  }
}
