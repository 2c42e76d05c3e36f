// Owns what to do about an interface on which multicast DNS fails, by what the system calls it.
// Never decides whether it has failed.

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
