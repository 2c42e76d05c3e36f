// Owns a browser's questions as packets: what is missing of an instance, what is known already.
// Never decides when one is asked.

import type { Instance } from './cache.ts'
import { pointerBytes } from './encode.ts'
import { zoneOf } from './ipv6.ts'
import { type DnsPacket, type DnsQuestion, type DnsRecord, maxFrameBytes, query } from './packet.ts'

export function missingOf({ address, name, service, text, hosts }: Instance): DnsQuestion[] {
  const questions: DnsQuestion[] = []
  if (!service) questions.push({ name, type: 'SRV' })
  if (!text) questions.push({ name, type: 'TXT' })
  if (service && hosts.size === 0) {
    const host = service.record.data.target
    questions.push({ name: host, type: 'A' })
    if (zoneOf(address)) questions.push({ name: host, type: 'AAAA' })
  }
  return questions
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
  return `${type} ${name.toLowerCase()}`
}
