// What is seen of the demo: each section as soon as it is settled, a line for what is under way,
// and the end. Colours and the moving line only where a person looks on.

import { styleText } from 'node:util'
import type { Checklist } from './checklist.ts'
import { codecs, listeners, type Part, parts, peerNames } from './plan.ts'
import type { Outcome } from './show.ts'
import { findTable, latencyTable, sizeTable } from './table.ts'

type Style = Parameters<typeof styleText>[0]

export class Screen {
  readonly #out = process.stdout
  readonly #hasColours = this.#out.isTTY && !process.env.NO_COLOR
  readonly #told = new Set<string>()
  #status = ''

  open(mesh: string): void {
    this.#line(this.#paint('bold', 'Earshot: one contract, four codecs, no broker, no addresses'))
    this.#line(`mesh ${mesh}: 7 peers in 4 processes, found by multicast DNS on loopback`)
  }

  /** Tells the sections that are settled, in the order of the plan. */
  update(checklist: Checklist): void {
    for (const section of new Set(parts.map((part) => part.section))) {
      if (!checklist.isSettled(section)) break
      if (this.#told.has(section)) continue
      this.#told.add(section)
      this.#tell(section, checklist)
    }
    const [next] = checklist.open()
    if (next && this.#status !== next.name) this.#wait(next.name)
  }

  close({ checklist, notReached, tookMs }: Outcome): void {
    this.#line('')
    for (const { part, code, message, remedy } of checklist.failures) {
      this.#line(`${this.#mark(false)} ${part} failed: ${code}: ${message}`)
      this.#line(`  ${remedy}`)
    }
    const missed = parts.filter(({ name }) => notReached.includes(name))
    const sections = [...new Set(missed.map(({ section }) => section))]
    if (sections.length > 0) this.#line(`  not reached: ${sections.join(', ')}`)
    const took = `in ${(tookMs / 1_000).toFixed(1)} s`
    const { size } = checklist.passed
    const isWhole = size === parts.length
    const text = isWhole ? `all ${size} parts passed` : `${size} of ${parts.length} parts passed`
    this.#line(`${this.#mark(isWhole)} ${text} ${took}`)
  }

  #tell(section: string, checklist: Checklist): void {
    const own = parts.filter((part) => part.section === section)
    if (section === 'discovery') this.#tellFinds(own, checklist)
    else if (section === 'bytes') {
      this.#title('Bytes of a message (its body, without the head of its record)')
      this.#lines(sizeTable(checklist.sizes))
    } else if (section === 'latency') {
      this.#title('Round trip of a request, one at a time, codecs in turn')
      this.#lines(latencyTable(checklist.latencies))
    } else if (codecs.some((codec) => codec === section)) {
      this.#tellTraffic(section, checklist)
    } else this.#tellProcesses(section, own, checklist)
  }

  #tellProcesses(section: string, own: readonly Part[], { passed }: Checklist): void {
    const who = own.filter(({ name }) => passed.has(name)).map(({ by }) => by)
    const word = section === 'start' ? 'started' : 'left'
    if (section === 'goodbye') this.#line('')
    this.#line(`${this.#mark(who.length === own.length)} ${word}: ${who.join(', ') || 'nobody'}`)
  }

  #tellFinds(own: readonly Part[], { passed, finds }: Checklist): void {
    this.#title('Who found whom, after how many ms ("<": the other one came first)')
    this.#lines(findTable(finds))
    const isWhole = own.every(({ name }) => passed.has(name))
    const all = peerNames.length * (peerNames.length - 1)
    const lastMs = Math.max(0, ...finds.map(({ afterMs }) => afterMs)).toFixed(0)
    const text = `${finds.length} of ${all} found by mDNS alone, the last after ${lastMs} ms`
    this.#line(`${this.#mark(isWhole)} ${text}`)
  }

  #tellTraffic(codec: string, { passed }: Checklist): void {
    if (codec === codecs[0]) this.#title('The same messages in each codec')
    const request = passed.get(`${codec} request`)
    const notification = passed.get(`${codec} notification`)
    const heard = listeners.filter((listener) => passed.has(`${codec} event at ${listener}`))
    const line = (head: string, isRight: boolean, kind: string, text: string) =>
      this.#line(`  ${head.padEnd(10)}${this.#mark(isRight)} ${kind.padEnd(14)}${text}`)
    line(codec, request !== undefined, 'request', request ?? 'failed')
    line('', notification !== undefined, 'notification', notification ?? 'failed')
    const who = heard.join(' and ') || 'nobody'
    line('', heard.length === listeners.length, 'event', `the sale was heard by ${who}`)
  }

  #title(text: string): void {
    this.#line('')
    this.#line(this.#paint('bold', text))
  }

  #mark(isRight: boolean): string {
    return isRight ? this.#paint('green', '✔') : this.#paint('red', '✘')
  }

  #paint(style: Style, text: string): string {
    return this.#hasColours ? styleText(style, text) : text
  }

  #lines(lines: readonly string[]): void {
    for (const line of lines) this.#line(line)
  }

  #line(text: string): void {
    this.#wait('')
    this.#out.write(`${text}\n`)
  }

  /** Shows what is waited for, until something else is written. */
  #wait(status: string): void {
    if (this.#out.isTTY && this.#status !== '') this.#out.write('\r\u001b[K')
    this.#status = status
    if (this.#out.isTTY && status !== '') this.#out.write(this.#paint('dim', `  … ${status}`))
  }
}
