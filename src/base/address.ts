// Owns how an address is written in an endpoint: IPv6 in brackets, `tcp://[fe80::1%eth0]:4711`.
// Never looks one up, and never judges where it leads.

const PLACE = /^tcp:\/\/(?:\[([^\]\s]+)\]|([^[\]:/\s]+)):(\d{1,5})(?:#.*)?$/

/** @param host without brackets */
export function tcpEndpoint(host: string, port: number | string): string {
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Host, without brackets, and port of `tcp://…`, whatever key stands behind it. */
export function placeOf(endpoint: string): { host: string; port: number } | undefined {
  const [, inBrackets, plain, port] = PLACE.exec(endpoint) ?? []
  const host = inBrackets ?? plain
  return host === undefined ? undefined : { host, port: Number(port) }
}

/** The same port, and the key where there is one, at another host. */
export function atHost(endpoint: string, host: string): string {
  const [, rest = ''] = /(:\d{1,5}(?:#.*)?)$/.exec(endpoint) ?? []
  return tcpEndpoint(host, rest.slice(1))
}

/** A literal IPv6 address: names are looked up for IPv4. */
export function isIpv6Endpoint(endpoint: string): boolean {
  return endpoint.startsWith('tcp://[')
}

/** Counts on this host alone, for its zone is the name of an interface here. Source: RFC 4007. */
export function hasZone(endpoint: string): boolean {
  return isIpv6Endpoint(endpoint) && endpoint.includes('%')
}
