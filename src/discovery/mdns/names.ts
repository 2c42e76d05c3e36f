// Owns the DNS names of Earshot and what stands in its TXT record.
// Never puts an address or a list of services into TXT: those come by the hello.

import { meshHash } from '../mesh-hash.ts'
import type { PeerRecord } from '../provider.ts'

export const serviceType = '_earshot._tcp.local'
/** What tools ask to learn which types of service exist. Source: RFC 6763, 9. */
export const typesName = '_services._dns-sd._udp.local'

const MAX_LABEL_BYTES = 63
const MAX_TXT_BYTES = 1_300
const MAX_TXT_KEYS = 32
const MAX_NAME_BYTES = 120
/** One string of a TXT record holds 255 bytes, key and `=` included. */
const MAX_TXT_STRING_BYTES = 255
/** What our own record may have, so that all of an announcement fits into one frame. */
const OWN_TXT_BYTES = 700
/** Marks the keys of `meta`, so that they can never be taken for ours. */
const META_MARK = '+'
const META_KEY = /^[\x21-\x3c\x3e-\x7e]{1,32}$/

/** The name that peers of one mesh browse: those of other meshes do not even answer. */
export function browseName(mesh: string): string {
  return `_m-${meshHash(mesh)}._sub.${serviceType}`
}

/** `<name>-<8 hex of the id>`: unique by construction; `suffix` is for a conflict all the same. */
export function instanceName(name: string, id: string, suffix: string): string {
  const tail = `-${id.slice(0, 8)}${suffix}`
  // Letters, digits and hyphens only: a dot would split the label in many tools.
  const readable = name.normalize('NFKD').replaceAll(/[^A-Za-z0-9]+/g, '-')
  const head = readable.replaceAll(/^-+|-+$/g, '').slice(0, MAX_LABEL_BYTES - tail.length)
  return `${head === '' ? 'peer' : head}${tail}.${serviceType}`
}

/** One host name a peer: `os.hostname()` belongs to Avahi, and containers share it. */
export function hostName(id: string, suffix: string): string {
  return `es-${id.slice(0, 16)}${suffix}.local`
}

/** Names are equal without regard to case. */
export function sameName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && nameKey(a) === nameKey(b))
}

/** More than ASCII is folded, unlike DNS has it: no name of ours has more, and it is quicker. */
export function nameKey(name: string): string {
  return name.toLowerCase()
}

/** The TXT strings of a peer; `meta` entries that do not fit are left out. */
export function encodeTxt(self: PeerRecord, doorPort: number | undefined): Uint8Array[] {
  const strings: Uint8Array[] = []
  let total = 0
  const add = (key: string, value: string) => {
    const bytes = Buffer.from(`${key}=${value}`)
    if (bytes.length > MAX_TXT_STRING_BYTES) return
    if (total + bytes.length + 1 > OWN_TXT_BYTES || strings.length >= MAX_TXT_KEYS) return
    total += bytes.length + 1
    strings.push(bytes)
  }
  add('txtvers', '1')
  add('v', '1')
  add('id', self.id)
  add('ep', String(self.epoch))
  add('sq', String(self.seq))
  add('m', meshHash(self.mesh))
  add('p', 'tcp')
  if (doorPort !== undefined) add('dr', String(doorPort))
  if (self.name !== undefined) add('nm', cutToBytes(self.name, MAX_NAME_BYTES))
  for (const [key, value] of Object.entries(self.meta ?? {})) {
    if (META_KEY.test(key)) add(`${META_MARK}${key}`, value)
  }
  return strings
}

/** What a TXT record of Earshot says. */
export interface TxtFacts {
  readonly id: string
  readonly epoch: number
  readonly seq: number
  readonly meshHash: string
  readonly name: string | undefined
  readonly doorPort: number | undefined
  readonly meta: Readonly<Record<string, string>> | undefined
}

const read = new WeakMap<readonly Uint8Array[], TxtFacts | undefined>()

/**
 * Undefined unless it is a TXT record of Earshot, version 1, within the limits. The same array is
 * read once, for it is handed to all peers of this process.
 */
export function decodeTxt(strings: readonly Uint8Array[]): TxtFacts | undefined {
  const known = read.get(strings)
  if (known || read.has(strings)) return known
  const facts = factsOf(strings)
  read.set(strings, facts)
  return facts
}

function factsOf(strings: readonly Uint8Array[]): TxtFacts | undefined {
  const values = splitTxt(strings)
  if (values?.get('txtvers') !== '1') return undefined
  const id = values.get('id') ?? ''
  const epoch = toCount(values.get('ep'))
  const seq = toCount(values.get('sq') ?? '0')
  const hash = values.get('m') ?? ''
  if (!/^[0-9a-f]{32}$/.test(id) || epoch === undefined || seq === undefined) return undefined
  const doorPort = toCount(values.get('dr'))
  return {
    id,
    epoch,
    seq,
    meshHash: hash,
    name: values.get('nm'),
    doorPort: doorPort !== undefined && isPort(doorPort) ? doorPort : undefined,
    meta: metaOf(values),
  }
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value < 65_536
}

/** The strings of a TXT record as it stands in a packet; what is cut off is left out. */
export function splitStrings(bytes: Uint8Array): Uint8Array[] {
  const strings: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + (bytes[at] ?? 0)
    if (end > bytes.length) break
    strings.push(bytes.subarray(at + 1, end))
    at = end
  }
  return strings
}

function splitTxt(strings: readonly Uint8Array[]): Map<string, string> | undefined {
  let total = 0
  const values = new Map<string, string>()
  if (strings.length > MAX_TXT_KEYS) return undefined
  for (const bytes of strings) {
    total += bytes.length + 1
    if (total > MAX_TXT_BYTES) return undefined
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
    const at = text.indexOf('=')
    // A key without a value means nothing to us, and the first of equal keys counts.
    if (at < 1) continue
    const key = text.startsWith(META_MARK) ? text.slice(0, at) : nameKey(text.slice(0, at))
    if (!values.has(key)) values.set(key, printable(text.slice(at + 1)))
  }
  return values
}

function metaOf(values: ReadonlyMap<string, string>): Record<string, string> | undefined {
  const entries = [...values].filter(([key]) => key.startsWith(META_MARK))
  if (entries.length === 0) return undefined
  return Object.fromEntries(entries.map(([key, value]) => [key.slice(1), value]))
}

/** Strangers choose these texts and terminals print them. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
}

function toCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function cutToBytes(text: string, maxBytes: number): string {
  let cut = ''
  let bytes = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    cut += character
  }
  return cut
}
