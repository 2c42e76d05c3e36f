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
