// Owns asking a door: one JSON request over REQ, one JSON answer, as any language can do it.
// Never keeps a connection: the CLI and tools ask seldom.

import { EarshotError } from '../base/errors.ts'
import { defaultLimits } from '../base/limits.ts'
import type { Trust } from '../security/trust.ts'
import { loadBinding } from './binding.ts'
import { createGuard } from './guard.ts'
import { despiteSignals } from './interrupted.ts'
import { splitEndpoint } from './transport.ts'

export interface DoorRequest {
  /** `hello`, `describe`, `schema`, `peers`, `health`, `stats`, `call`. */
  readonly op: string
  readonly [argument: string]: unknown
}

/**
 * Asks the door at `endpoint` and resolves with its answer.
 * @throws EARSHOT_TIMEOUT when nobody answers (or our key is not theirs),
 * EARSHOT_DOOR when the door refuses, EARSHOT_BYTES_INVALID when the answer is no JSON object.
 */
export async function askDoorAs(
  trust: Trust | undefined,
  endpoint: string,
  request: DoorRequest,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  const zmq = await loadBinding()
  const { address, key } = splitEndpoint(endpoint)
  const guard = createGuard(zmq, trust, defaultLimits)
  const client = guard.dialling(address, key)
  const times = { linger: 0, sendTimeout: timeoutMs, receiveTimeout: timeoutMs }
  const socket = guard.watch(new zmq.Request({ ...client, ...times }))
  try {
    despiteSignals(() => socket.connect(address))
    await socket.send(JSON.stringify(request))
    const [answer] = await socket.receive()
    return readAnswer(endpoint, answer ?? Buffer.alloc(0))
  } catch (error) {
    if (!isTryAgain(error)) throw error
    const text = `the door at ${endpoint} did not answer within ${timeoutMs} ms`
    throw new EarshotError('EARSHOT_TIMEOUT', text, { cause: error })
  } finally {
    guard.close()
    socket.close()
  }
}

/** What a door says that it did not do, or that failed: anybody may stand behind it. */
interface Refused {
  readonly message?: string
  readonly sent?: unknown
  readonly retryable?: unknown
}

function isTryAgain(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}

function readAnswer(endpoint: string, bytes: Buffer): Record<string, unknown> {
  let answer: unknown
  try {
    answer = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    const text = `the door at ${endpoint} did not answer in JSON`
    throw new EarshotError('EARSHOT_BYTES_INVALID', text, { cause })
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    const text = `the door at ${endpoint} did not answer with an object`
    throw new EarshotError('EARSHOT_BYTES_INVALID', text)
  }
  const { ok, error } = answer as { ok?: unknown; error?: Refused }
  if (ok !== true) {
    const text = `the door at ${endpoint} refused: ${error?.message ?? 'no reason given'}`
    const { sent, retryable } = error ?? {}
    throw new EarshotError('EARSHOT_DOOR', text, {
      data: { remote: error ?? null },
      // A call that was made there may have been handled.
      ...((sent === 'no' || sent === 'unknown') && { sent }),
      ...(typeof retryable === 'boolean' && { retryable }),
    })
  }
  return answer as Record<string, unknown>
}
