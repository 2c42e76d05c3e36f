// Owns asking a peer's door as its users do: with the trust of its mesh, or that of this host.
// Never speaks ZeroMQ: the transport does.

import { checkArgument, checkOptions, checkText, isObject } from './base/arguments.ts'
import { userDirectory } from './discovery/runtime-directory.ts'
import { isEndpoint } from './discovery/static.ts'
import { checkTimeout } from './peer-checks.ts'
import { hostTrust, isLoopbackEndpoint } from './security/host-key.ts'
import type { Security } from './security/security.ts'
import type { Trust } from './security/trust.ts'
import { askDoorAs, type DoorRequest } from './transport/ask-door.ts'

export interface DoorOptions {
  /** Until the answer, ms. Default 1 000. */
  readonly timeoutMs?: number
  /** As the peers of that mesh have it. */
  readonly security?: Security
  /** Only matters with `security`. Default `default`. */
  readonly mesh?: string
}

/**
 * Asks the door at `endpoint` and resolves with its answer. With `allowList` the endpoint names the
 * key of its peer, as `peers()` tells it: `tcp://10.0.0.7:4002#<key>`.
 * @throws EARSHOT_TIMEOUT when nobody answers (or our key is not theirs),
 * EARSHOT_DOOR when the door refuses, EARSHOT_BYTES_INVALID when the answer is no JSON object,
 * EARSHOT_SECURITY when the key of the peer is wanted and not named.
 */
export async function askDoor(
  endpoint: string,
  request: DoorRequest,
  options: DoorOptions = {},
): Promise<Record<string, unknown>> {
  checkText(endpoint, '/endpoint', 'that of a door, as of peers(): "tcp://10.0.0.7:4002"')
  const isOne = isEndpoint(endpoint.replace(/#[^#]*$/, ''))
  checkArgument(isOne, '/endpoint', 'tcp://host:port or ipc://path', endpoint)
  checkArgument(isObject(request), '/request', 'an object: { op: "peers" }', request)
  checkOptions(options, ['timeoutMs', 'security', 'mesh'])
  const { timeoutMs = 1_000, security, mesh = 'default' } = options
  checkTimeout(timeoutMs)
  const trust = security ? await security.open(mesh) : trustOfHost(endpoint)
  return askDoorAs(trust, endpoint, request, timeoutMs)
}

/** Over ipc the directory's mode is enough; beyond this host the user's key is worth nothing. */
function trustOfHost(endpoint: string): Trust | undefined {
  return isLoopbackEndpoint(endpoint) ? hostTrust(userDirectory()) : undefined
}
