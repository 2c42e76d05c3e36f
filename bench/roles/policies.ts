// Owns the role of a caller and its server in one process: what a call costs under which policies.
// In one process and in turns, so that what the machine does meanwhile strikes all alike.

import { Bytes, type ClientOptions, contract, request } from 'earshot'
import { type Answers, playRole } from '../process/role.ts'
import { joinMeeting, type Meeting } from './meeting.ts'

const Echo = contract('bench.policies', '1.0.0', {
  echo: request(Bytes(), Bytes(), { idempotent: true }),
})

/** The clients that are compared; `off` is what the others are compared with. */
const policyClients: Readonly<Record<string, ClientOptions<typeof Echo>>> = {
  off: { retry: false, breaker: false, bulkhead: false },
  default: {},
  fallback: { fallback: { value: new Uint8Array(1) } },
  hedge: { hedge: { afterMs: 1_000 } },
}

/** ns a call, one figure a round. */
export type ToPolicies = Readonly<Record<string, number[]>>

const CALLS = 10_000
const IN_FLIGHT = 250

async function nsPerCall(echo: (body: Uint8Array) => Promise<unknown>): Promise<number> {
  const body = new Uint8Array(100)
  const fromMs = performance.now()
  for (let call = 0; call < CALLS; call += IN_FLIGHT) {
    const calls: Promise<unknown>[] = []
    for (let index = 0; index < IN_FLIGHT; index++) calls.push(echo(body))
    await Promise.all(calls)
  }
  return ((performance.now() - fromMs) * 1e6) / CALLS
}

await playRole<Meeting>(async (meeting): Promise<Answers> => {
  const server = await joinMeeting(meeting, 'server')
  await server.serve(Echo, { echo: (body) => body })
  const caller = await joinMeeting(meeting, 'caller')
  const clients = Object.entries(policyClients).map(
    ([name, options]) => [name, caller.client(Echo, options).echo] as const,
  )
  const measure = async (rounds: number): Promise<ToPolicies> => {
    const found: Record<string, number[]> = {}
    for (const [name] of clients) found[name] = []
    // The first round is for the compiler.
    for (let round = 0; round <= rounds; round++) {
      // To and fro: who comes behind another pays for some of its garbage.
      const turns = round % 2 === 0 ? clients : clients.toReversed()
      for (const [name, echo] of turns) {
        const ns = await nsPerCall(echo)
        if (round > 0) found[name]?.push(ns)
      }
    }
    return found
  }
  const end = async () => {
    await caller.close()
    await server.close()
  }
  return { measure, end }
})
