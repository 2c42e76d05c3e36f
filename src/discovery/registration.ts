// Owns what may be registered on behalf of others: it comes from outside and is checked here.
// Never keeps anything.

import { EarshotError } from '../base/errors.ts'
import { isEndpoint } from './static.ts'

/** A service as whoever registers it describes it. */
export interface ServiceToRegister {
  /** What others are shown, 1 to 100 characters. */
  readonly name: string
  /** ZeroMQ endpoints of its inbox, best first, 1 to 16. */
  readonly inbox: readonly string[]
  /** Its own id, 32 hex digits, where it is known: then with `epoch`. */
  readonly id?: string
  /** Its incarnation. Without it each registration is a new one. */
  readonly epoch?: number
}

const LEAST_LEASE_MS = 1_000
const MOST_LEASE_MS = 60_000
const MAX_NAME = 100
const MAX_ENDPOINTS = 16
const MAX_ENDPOINT = 256

/** @throws EARSHOT_OPTION_INVALID */
export function checkLease(leaseMs: number): void {
  const isDuration = typeof leaseMs === 'number'
  if (isDuration && leaseMs >= LEAST_LEASE_MS && leaseMs <= MOST_LEASE_MS) return
  throw invalid('/leaseMs', `is ${LEAST_LEASE_MS} to ${MOST_LEASE_MS} ms, not ${String(leaseMs)}`)
}

/**
 * A copy with nothing in it but what was described, whatever else was sent.
 * @throws EARSHOT_OPTION_INVALID with the path
 */
export function checkService(service: ServiceToRegister): ServiceToRegister {
  if (typeof service !== 'object' || service === null) throw invalid('', 'is { name, inbox }')
  const { name, inbox, id, epoch } = service
  if (typeof name !== 'string' || name.length < 1 || name.length > MAX_NAME) {
    throw invalid('/name', `is a text of 1 to ${MAX_NAME} characters`)
  }
  if (!Array.isArray(inbox) || inbox.length < 1 || inbox.length > MAX_ENDPOINTS) {
    throw invalid('/inbox', `is a list of 1 to ${MAX_ENDPOINTS} endpoints`)
  }
  for (const [index, endpoint] of inbox.entries()) {
    const isGood = typeof endpoint === 'string' && endpoint.length <= MAX_ENDPOINT
    if (!isGood || !isEndpoint(endpoint)) {
      throw invalid(`/inbox/${index}`, 'is no endpoint: write tcp://host:port or ipc://path')
    }
  }
  if ((id === undefined) !== (epoch === undefined)) {
    throw invalid(id === undefined ? '/id' : '/epoch', 'is missing: id and epoch go together')
  }
  if (id === undefined || epoch === undefined) return { name, inbox: [...inbox] }
  if (!/^[0-9a-f]{32}$/.test(id)) throw invalid('/id', 'has 32 hex digits')
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw invalid('/epoch', 'is a whole number')
  return { name, inbox: [...inbox], id, epoch }
}

function invalid(path: string, what: string): EarshotError {
  const text = `a registered service: ${path === '' ? 'it' : path.slice(1)} ${what}`
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}
