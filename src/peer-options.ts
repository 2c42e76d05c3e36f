// Owns the options of a peer: defaults filled in, everything checked before a socket is opened.
// Never opens anything.

import { networkInterfaces } from 'node:os'
import { checkNames, namesOf } from './base/arguments.ts'
import { EarshotError } from './base/errors.ts'
import { type Limits, resolveLimits } from './base/limits.ts'
import { type CodecName, codecNames } from './codec/codec.ts'
import { checkMiddleware, type PeerMiddleware } from './patterns/middleware.ts'
import type { Listen, PeerOptions, WithinProcess } from './peer-types.ts'
import { checkListen, isLoopback } from './security/security.ts'

/** Smallest first for known contracts; the text format last. */
const CODECS: readonly CodecName[] = ['avro', 'protobuf', 'msgpack', 'json']
const MAX_NAME = 100
/** Of each socket a hello has room for 32 endpoints; a host of containers may have more. */
const MAX_ADDRESSES = 28
const HIGHEST_PORT = 65_533
const optionNames = namesOf<PeerOptions>({
  name: true,
  mesh: true,
  zone: true,
  listen: true,
  security: true,
  allow: true,
  codecs: true,
  debugJson: true,
  withinProcess: true,
  discovery: true,
  announce: true,
  directory: true,
  use: true,
  limits: true,
})

export interface ResolvedOptions {
  readonly name: string
  readonly mesh: string
  /** Empty: none was given. */
  readonly zone: string
  readonly codecs: readonly CodecName[]
  /** The codec that all channels use which can be had in it. */
  readonly only: CodecName | undefined
  readonly limits: Limits
  readonly middleware: PeerMiddleware
  readonly withinProcess: WithinProcess
  readonly host: string
  readonly port: number
  /** True when nobody beyond this host can reach us. */
  readonly local: boolean
  /** Addresses to tell others, as they are now. */
  readonly addresses: () => readonly string[]
}

/** @throws EARSHOT_OPTION_INVALID with the path, EARSHOT_INSECURE_LISTEN */
export function resolveOptions(options: PeerOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalid('', 'createPeer takes an object: { name: "orders" }')
  }
  checkNames(options, optionNames)
  checkParts(options)
  const name = label(options.name, '/name')
  const mesh = meshName(options.mesh)
  const { host, port } = resolveListen(options.listen ?? 'host')
  checkListen(host, options.security)
  const local = isLoopback(host)
  return {
    name,
    mesh,
    zone: options.zone === undefined ? '' : label(options.zone, '/zone'),
    ...resolveCodecs(options),
    limits: resolveLimits(options.limits),
    middleware: resolveMiddleware(options.use),
    withinProcess: resolveWithin(options.withinProcess ?? 'memory'),
    host,
    port,
    local,
    addresses: () => addressesFor(host),
  }
}

/** What other parts take as it is. */
function checkParts({ security, discovery, directory, limits }: PeerOptions): void {
  if (security !== undefined && typeof security?.open !== 'function') {
    throw invalid('/security', "is meshSecret('…'), allowList('…') or insecure()")
  }
  if (discovery !== undefined && !Array.isArray(discovery)) {
    throw invalid('/discovery', "is a list of providers: ['directory', mdns()]")
  }
  if (directory !== undefined && (typeof directory !== 'string' || directory === '')) {
    throw invalid('/directory', 'is the path of a directory')
  }
  if (limits !== undefined && (typeof limits !== 'object' || limits === null)) {
    throw invalid('/limits', 'is an object: { maxPeers: 100 }')
  }
}

function resolveMiddleware(use: PeerMiddleware = {}): PeerMiddleware {
  if (typeof use !== 'object' || use === null || Array.isArray(use)) {
    throw invalid('/use', 'is { calls: […], handlers: […] }')
  }
  checkNames(use, ['calls', 'handlers'], '/use')
  for (const [name, list] of Object.entries(use)) {
    checkMiddleware(list, `/use/${name}`)
  }
  return use
}

function resolveWithin(within: WithinProcess): WithinProcess {
  if (within === 'memory' || within === 'sockets') return within
  throw invalid('/withinProcess', "is 'memory' or 'sockets'")
}

/** What the code says counts more than the environment, which the command line reads, too. */
function meshName(mesh: unknown): string {
  const wish = process.env.EARSHOT_MESH ?? ''
  if (mesh !== undefined || wish === '') return label(mesh ?? 'default', '/mesh')
  if (wish.length <= MAX_NAME) return wish
  const text = `EARSHOT_MESH in the environment has at most ${MAX_NAME} characters`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/mesh' })
}

function label(value: unknown, path: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME) return value
  throw invalid(path, `must be a text of 1 to ${MAX_NAME} characters`)
}

function resolveListen(listen: Listen): { host: string; port: number } {
  if (listen === 'host') return { host: loopbackAddress(), port: 0 }
  if (listen === 'lan') return { host: anyAddress(), port: 0 }
  if (typeof listen !== 'object' || typeof listen.host !== 'string') {
    throw invalid('/listen', "is 'host', 'lan' or { host, port }")
  }
  checkNames(listen, ['host', 'port'], '/listen')
  const { port = 0 } = listen
  const host = listen.host.replace(/^\[(.*)\]$/, '$1')
  if (!/^[0-9A-Za-z_.:-]+(%[\w.-]+)?$/.test(host)) throw invalid('/listen/host', 'is no address')
  if (!Number.isInteger(port) || port < 0 || port > HIGHEST_PORT) {
    throw invalid('/listen/port', `is a whole number from 0 (any free one) to ${HIGHEST_PORT}`)
  }
  return { host, port }
}

function resolveCodecs(options: PeerOptions): Pick<ResolvedOptions, 'codecs' | 'only'> {
  const codecs = checkCodecs(options.codecs ?? CODECS)
  if (!isDebugging(options.debugJson)) return { codecs, only: undefined }
  return { codecs: codecs.includes('json') ? codecs : [...codecs, 'json'], only: 'json' }
}

/** What the code says counts more than the environment. */
function isDebugging(debugJson: unknown): boolean {
  if (typeof debugJson === 'boolean') return debugJson
  if (debugJson !== undefined) throw invalid('/debugJson', 'is true or false')
  const wish = process.env.EARSHOT_CODEC ?? ''
  if (wish === '' || wish === 'json') return wish === 'json'
  const text = `EARSHOT_CODEC in the environment is "json" or not set, not "${wish}"`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/debugJson' })
}

function checkCodecs(codecs: readonly CodecName[]): readonly CodecName[] {
  if (!Array.isArray(codecs) || codecs.length === 0 || new Set(codecs).size !== codecs.length) {
    throw invalid('/codecs', 'is a list of different codecs, best first')
  }
  for (const [index, codec] of codecs.entries()) {
    if (!codecNames.includes(codec)) {
      throw invalid(`/codecs/${index}`, `must be one of ${codecNames.join(', ')}`)
    }
  }
  return [...codecs]
}

/** Of IPv4, unless loopback has IPv6 alone; while it is switched off the first can be bound. */
function loopbackAddress(): string {
  const own = ownAddresses().filter(({ internal }) => internal)
  return own.length > 0 && own.every(({ family }) => family === 'IPv6') ? '::1' : '127.0.0.1'
}

/**
 * All addresses: of IPv4, or of both families where there is no IPv4 network yet, for what comes up
 * later may be either.
 */
function anyAddress(): string {
  const own = ownAddresses()
  const hasNetwork = own.some(({ family, internal }) => family === 'IPv4' && !internal)
  return hasNetwork || !own.some(({ family }) => family === 'IPv6') ? '0.0.0.0' : '::'
}

/** For an address that stands for all: those of this machine, of links and loopback last. */
function addressesFor(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  const beyond = ownAddresses().filter(({ internal }) => !internal)
  const v4 = beyond.filter(({ family }) => family === 'IPv4').map(({ address }) => address)
  if (host === '0.0.0.0') return [...v4.slice(0, MAX_ADDRESSES), '127.0.0.1']
  const v6 = beyond.filter(({ family }) => family === 'IPv6')
  const wide = v6.filter(({ address }) => !isOfLink(address)).map(({ address }) => address)
  const ofLinks = v6.filter(({ address }) => isOfLink(address))
  const zoned = ofLinks.map(({ address, name }) => `${address}%${name}`)
  return [...[...v4, ...wide, ...zoned].slice(0, MAX_ADDRESSES), '127.0.0.1', '::1']
}

function ownAddresses() {
  return Object.entries(networkInterfaces()).flatMap(([name, infos = []]) =>
    infos.map((info) => ({ ...info, name })),
  )
}

/** Source: RFC 4291, 2.5.6. */
function isOfLink(address: string): boolean {
  return /^fe[89ab]/i.test(address)
}

function invalid(path: string, what: string): EarshotError {
  const text = path ? `option ${path.slice(1)} ${what}` : what
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}
