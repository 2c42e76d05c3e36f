// Owns asking a found peer at its door, over an address that leads there from here.
// Never keeps what it learnt.

import { hostname } from 'node:os'
import { type AnyContract, askDoor, contractFromDescription, type RemotePeer } from 'earshot'
import { trust } from './environment.ts'
import { exitCodes, Failure } from './failure.ts'

/** A contract that a remote peer tells of. */
export type Offered = RemotePeer['contracts'][number]

/** The peer's answer. @throws EARSHOT_TIMEOUT, EARSHOT_DOOR, EARSHOT_BYTES_INVALID */
export async function askPeer(
  remote: RemotePeer,
  request: { readonly op: string; readonly [argument: string]: unknown },
  mesh: string,
): Promise<Record<string, unknown>> {
  const security = trust()
  let failed: unknown
  for (const endpoint of doorsOf(remote)) {
    try {
      return await askDoor(endpoint, request, { mesh, ...(security && { security }) })
    } catch (error) {
      failed ??= error
    }
  }
  const text = `${remote.name} (${shortId(remote)}) tells of no door that leads there from here`
  throw failed ?? new Failure(exitCodes.failed, text, 'run the command on the host of that peer')
}

/** A peer's contract rebuilt from what its door says: no source needed. */
export async function contractOf(
  remote: RemotePeer,
  offered: Offered,
  mesh: string,
): Promise<AnyContract> {
  const { name, version } = offered
  const { contracts } = await askPeer(remote, { op: 'schema', contract: name }, mesh)
  const told = Array.isArray(contracts) ? (contracts as unknown[]) : []
  const description = told.find((one) => {
    const { name: itsName, version: itsVersion } = Object(one) as Partial<Offered>
    return itsName === name && itsVersion === version
  })
  if (description) return contractFromDescription(description)
  const text = `${remote.name} offers ${name} ${version}, but its door does not describe it`
  throw new Failure(exitCodes.failed, text, 'update that peer: its Earshot may be another version')
}

/** Enough of an id to tell peers apart. */
export function shortId({ id }: { readonly id: string }): string {
  return id.slice(0, 8)
}

/** Is it the one that is named, by its name or the beginning of its id; all are where none is. */
export function isMeant(
  { id, name }: { readonly id: string; readonly name: string },
  named: string | undefined,
): boolean {
  return named === undefined || name === named || id.startsWith(named)
}

/** `orders (3fa9c1d2)` */
export function nameOf(peer: { readonly id: string; readonly name: string }): string {
  return `${peer.name} (${shortId(peer)})`
}

/** Doors that lead there from here, the nearest first; others may lead to somebody else. */
function doorsOf({ endpoint, doors, host }: RemotePeer): readonly string[] {
  const onLink = doors.filter((door) => wayOf(door) === wayOf(endpoint))
  if (onLink.length > 0) return onLink
  const ports = doors.filter((door) => wayOf(door).startsWith('tcp:')).map(portOf)
  // An address of a link counts here alone, so that its owner cannot tell it.
  if (endpoint.includes('%') && ports[0]) return [`${wayOf(endpoint)}${ports[0]}`]
  // The peer dialled us: only its host tells which of its doors are within reach.
  const isHere = host === hostname()
  const ipc = doors.filter((door) => wayOf(door) === 'ipc')
  const tcp = doors.filter((door) => wayOf(door).startsWith('tcp:'))
  return isHere ? [...ipc, ...tcp] : tcp.filter(isBeyondHost)
}

/** Neither ipc nor loopback. */
export function isBeyondHost(endpoint: string): boolean {
  return /^tcp:\/\/(?!127\.|localhost|\[::1\])/.test(endpoint)
}

/** `:4711`, and the key behind it. */
function portOf(endpoint: string): string {
  return endpoint.slice(endpoint.lastIndexOf(':'))
}

/** Scheme and host: `ipc`, `tcp://10.0.0.7`. */
function wayOf(endpoint: string): string {
  return endpoint.startsWith('ipc:') ? 'ipc' : endpoint.slice(0, endpoint.lastIndexOf(':'))
}
