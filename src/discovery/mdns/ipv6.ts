// Owns IPv6 addresses as mDNS needs them: their bytes, their zone, and which are link-local.
// Never decides who is spoken to.

import { isIPv6 } from 'node:net'

/** The 16 bytes of an address; a zone is left out. */
export function ipv6Bytes(address: string): Uint8Array {
  const [text = ''] = address.split('%')
  const bytes = new Uint8Array(16)
  if (!isIPv6(text)) return bytes
  const [head = '', tail] = text.split('::')
  const front = groupsOf(head)
  const back = tail === undefined ? [] : groupsOf(tail)
  const middle = Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0)
  for (const [index, group] of [...front, ...middle, ...back].entries()) {
    bytes[index * 2] = group >> 8
    bytes[index * 2 + 1] = group & 255
  }
  return bytes
}

/** As it is written. Source: RFC 5952. */
export function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => {
    return (((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number)).toString(16)
  })
  const text = groups.join(':')
  // The longest run of zeros, the first of several, and no single one.
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)]
  const [longest] = runs.sort((a, b) => b[0].length - a[0].length)
  if (!longest) return text
  const tail = text.slice(longest.index + longest[0].length)
  return `${text.slice(0, longest.index).replace(/:$/, '')}::${tail.replace(/^:/, '')}`
}

export function isLinkLocal6(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address)
}

/** What stands behind `%`: the interface that a link-local address counts on. */
export function zoneOf(address: string): string | undefined {
  return address.split('%')[1]
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return Number.parseInt(part, 16)
    // The last 32 bits may be written as IPv4.
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}
