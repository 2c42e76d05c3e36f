// Owns a browser's questions as packets: what is missing of an instance, what is known already.
// Never decides when one is asked.

import { pointerBytes } from './encode.ts'
import type { Instance } from './instance.ts'
import { nameKey } from './names.ts'
import { type DnsPacket, type DnsQuestion, type DnsRecord, maxFrameBytes, query } from './packet.ts'

/** What it has said not to have is not asked for again. */
export function missingOf(instance: Instance, nowMs: number): DnsQuestion[] {
  const { link, name, service, text, hosts, absent } = instance
  const questions: DnsQuestion[] = []
  if (!service) questions.push({ name, type: 'SRV' })
  if (!text) questions.push({ name, type: 'TXT' })
  if (service && hosts.size === 0) {
    const host = service.record.data.target
    questions.push({ name: host, type: 'A' })
    if (link.zone) questions.push({ name: host, type: 'AAAA' })
  }
  return questions.filter(({ type }) => (absent.get(type) ?? -Infinity) <= nowMs)
}

/** The question with what we know already; what does not fit follows in further packets. */
export function withKnown(question: DnsQuestion, known: readonly DnsRecord[]): DnsPacket[] {
  const lists: DnsRecord[][] = [[]]
  // The first record brings the names that the others point to.
  const start = 12 + Buffer.byteLength(question.name) * 2
  let bytes = start
  for (const record of known) {
    const size = record.type === 'PTR' ? pointerBytes(record.data) : 0
    if (bytes + size > maxFrameBytes) {
      lists.push([])
      bytes = start
    }
    bytes += size
    lists.at(-1)?.push(record)
  }
  return lists.map((answers, index) =>
    query({
      questions: index === 0 ? [question] : [],
      answers,
      truncated: index < lists.length - 1,
    }),
  )
}

export function questionKey({ name, type }: DnsQuestion): string {
  return `${type} ${nameKey(name)}`
}

/** Another's question counts as ours for this long. Source: RFC 6762, 7.3. */
export const sameQuestionMs = 1_000
const MAX_HEARD = 256

export class HeardQuestions {
  readonly #atMs = new Map<string, number>()

  note(questions: readonly DnsQuestion[], nowMs: number): void {
    if (this.#atMs.size > MAX_HEARD) this.#atMs.clear()
    for (const question of questions) this.#atMs.set(questionKey(question), nowMs)
  }

  was(question: DnsQuestion, nowMs: number): boolean {
    const atMs = this.#atMs.get(questionKey(question))
    return atMs !== undefined && nowMs - atMs < sameQuestionMs
  }
}
