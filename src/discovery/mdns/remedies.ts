// Owns what is said about an interface on which multicast DNS does not work, and what to do.
// Never decides whether it has failed.

import { reportNote } from '../../base/diagnostics.ts'
import { EarshotError, textOf } from '../../base/errors.ts'
import { type NetworkInterface, publicInterfaces } from './interfaces.ts'

/** `code` is what the system calls it: `EADDRINUSE`. */
export function failsOn(
  { name, address }: NetworkInterface,
  code: string,
  cause?: unknown,
): EarshotError {
  const text = `mDNS fails on interface ${name} (${address}) with ${code}: ${remedyFor(code)}`
  const data = { interface: name, address, errno: code }
  return new EarshotError('EARSHOT_DISCOVERY', text, { cause, data })
}

export function noInterface(): EarshotError {
  const text =
    'mDNS finds no interface to speak on: bring up loopback (`ip link set lo up`), ' +
    'or give `scope` an address that this host has'
  return new EarshotError('EARSHOT_DISCOVERY', text)
}

/** Mostly this process has no descriptor left: what is open stays open. */
export function unreadable(cause: unknown): EarshotError {
  const what = 'mDNS cannot read the interfaces of this host, and goes on with those it knows'
  const text = `${what}: ${textOf(cause)}`
  return new EarshotError('EARSHOT_DISCOVERY', text, { cause })
}

/** Says which interfaces `lan` leaves out. */
export function notePublic(): void {
  for (const { name, address } of publicInterfaces()) {
    const text =
      `mDNS is silent on ${name}, for ${address} is a public address: name the address in ` +
      `mdns({ scope: ['${address}'] }) to speak there`
    reportNote({ area: 'discovery', text, data: { interface: name, address } })
  }
}

/** One clause, without a full stop. */
export function remedyFor(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program holds UDP port 5353 for itself (avahi: disallow-other-stacks=no)'
    case 'EPERM':
    case 'EACCES':
      return 'a firewall forbids it: allow UDP port 5353 to and from 224.0.0.251'
    case 'ENODEV':
    case 'EADDRNOTAVAIL':
      return 'the interface is down or has lost its address'
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return 'no way leads to 224.0.0.251: bring the interface up, or allow local network access'
    default:
      return 'use another discovery provider (directory, static) where multicast is not to be had'
  }
}
