// Owns what the comparison with a published table says: a table, and a sentence for each
// difference. Never encodes.

import {
  count,
  describeMachine,
  none,
  type Part,
  type Report,
  type Section,
  type Table,
} from 'earshot/report'
import { type ByContract, type ComparedDocument, formats, type Verdict } from './compare.ts'
import type { PublishedFormat } from './corpus.ts'

export const source =
  'J. C. Viotti, M. Kinderkhedia: A Benchmark of JSON-compatible Binary Serialization ' +
  'Specifications, arXiv 2201.03051; documents, schemas and sizes from ' +
  'jviotti/binary-json-size-benchmark at 1075bc7 (Apache License 2.0)'

const titles: Readonly<Record<PublishedFormat, string>> = {
  messagepack: 'MessagePack',
  avro: 'Avro',
  protobuf: 'Protobuf',
}

/** What must hold: a size that can be compared is the published one. */
export function failuresOf(documents: readonly ComparedDocument[]): string[] {
  return documents.flatMap(({ name, sizes, formats: found }) =>
    formats.flatMap((format) => {
      const verdict = found[format]
      if (verdict.verdict !== 'different') return []
      const published = sizes[format].raw
      return [`${name}, ${titles[format]}: ${verdict.bytes} bytes, published are ${published}`]
    }),
  )
}

export function reportOf(documents: readonly ComparedDocument[], startMs: number): Report {
  const now = new Date()
  return {
    title: 'Sizes against the published table',
    startedAt: now.toISOString(),
    tookS: Math.round((now.getTime() - startMs) / 1_000),
    machine: describeMachine(['earshot']),
    sections: [sizeSection(documents), reasonSection(documents)],
    failures: failuresOf(documents),
    method: [
      `Published: ${source}.`,
      'MessagePack: the document value by value, without a schema. Avro and Protobuf: by the ' +
        'published schemas, read with fromAvro and fromProto, nothing renamed; branches of ' +
        'unions are told apart by their fields, absent fields of Protobuf have its defaults.',
      `gzip: by ${gzipBy(documents)}, beside gzip -9 of the table. The zlib inside Node makes ` +
        'other bytes than the program: equal sizes are counted, not demanded.',
    ],
    caveats: ['Sizes alone: what it costs to make and read them is in bench:codecs.'],
  }
}

function gzipBy(documents: readonly ComparedDocument[]): string {
  const found = documents.flatMap((one) => formats.map((format) => one.formats[format]))
  return [...new Set(found.flatMap((one) => ('gzipBy' in one ? [one.gzipBy] : [])))].join(', ')
}

function sizeSection(documents: readonly ComparedDocument[]): Section {
  const same = documents.filter(({ isSameDocument }) => isSameDocument).length
  return {
    id: 'sizes',
    title: 'Bytes',
    lead: 'Ours beside the published figure; = where they are equal, – where none can be compared.',
    findings: [
      ...formats.map((format) => summary(documents, format)),
      `${same} of ${documents.length} documents have the published length as JSON text.`,
    ],
    parts: [sizePart(documents)],
  }
}

function summary(documents: readonly ComparedDocument[], format: PublishedFormat): string {
  const verdicts = documents.map((one) => one.formats[format])
  const of = (verdict: Verdict['verdict']) => verdicts.filter((one) => one.verdict === verdict)
  const gzipEqual = documents.filter(({ formats: found, sizes }) => {
    const verdict = found[format]
    return 'gzipBytes' in verdict && verdict.gzipBytes === sizes[format].gzip
  })
  const compared = of('equal').length + of('different').length
  const rest = [
    [of('misfit').length, 'whose document must be rewritten first'],
    [of('refused').length, 'whose schema or document we refuse'],
  ] as const
  const left = rest.flatMap(([many, why]) => (many > 0 ? [`, ${many} left out ${why}`] : []))
  return (
    `${titles[format]}: ${of('equal').length} of ${compared} equal ` +
    `(${gzipEqual.length} under gzip, too)${left.join('')}.`
  )
}

function sizePart(documents: readonly ComparedDocument[]): Part {
  const columns = formats.flatMap((format) => [short[format], 'table'])
  const rows = documents.map(({ name, sizes, formats: found }) => {
    const cells = formats.flatMap((format) => {
      const verdict = found[format]
      const ours = 'bytes' in verdict ? count(verdict.bytes) : none
      const sign = verdict.verdict === 'equal' ? ' =' : verdict.verdict === 'different' ? ' ≠' : ''
      return [`${ours}${sign}`, count(sizes[format].raw)]
    })
    return { head: name, family: 'document', cells }
  })
  const table: Table = { title: 'bytes, ours and published', head: 'document', columns, rows }
  return { title: 'Bytes', table }
}

const short: Readonly<Record<PublishedFormat, string>> = {
  messagepack: 'MsgPack',
  avro: 'Avro',
  protobuf: 'Proto',
}

function reasonSection(documents: readonly ComparedDocument[]): Section {
  return {
    id: 'reasons',
    title: 'Differences',
    lead: 'One by one: what is not compared and why, and where a contract changes MessagePack.',
    findings: documents.flatMap((one) => [
      ...formats.flatMap((format) => reasonOf(one, format)),
      ...contractReason(one),
    ]),
    parts: [],
  }
}

function reasonOf({ name, formats: found, sizes }: ComparedDocument, format: PublishedFormat) {
  const verdict = found[format]
  const where = `${name}, ${titles[format]}`
  switch (verdict.verdict) {
    case 'equal':
      return []
    case 'different':
      return [`${where}: NOT EXPLAINED, ${verdict.bytes} bytes instead of ${sizes[format].raw}.`]
    case 'misfit':
      return [`${where}: rewritten before it was published; ${verdict.reason}.`]
    case 'refused':
      return [`${where}: ${verdict.code}, ${verdict.reason}.`]
  }
}

/** Where one type for the whole document makes other bytes than each value for itself. */
function contractReason({ name, byContract, formats: { messagepack } }: ComparedDocument) {
  if (!('bytes' in messagepack)) return []
  const where = `${name}, MessagePack by a contract`
  if ('code' in byContract) return [`${where}: ${byContract.code}, ${byContract.reason}.`]
  const extra = byContract.bytes - messagepack.bytes
  if (extra === 0) return []
  return [`${where}: ${signed(extra)} bytes; ${doublesText(byContract, extra)}.`]
}

function doublesText(
  { doubles, extraBytes }: Extract<ByContract, { bytes: number }>,
  extra: number,
): string {
  const text = `${doubles} whole numbers stand where others have decimals, and are doubles`
  return extraBytes === extra ? text : `${text}: ${signed(extraBytes)}; the rest NOT EXPLAINED`
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value)
}
