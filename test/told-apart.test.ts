// The ways in which a call fails, told apart by code, and whether the work may have been done.

import { contract, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, faults, pairOf } from './support/peers.ts'

const Wish = Type.Object({ wish: Type.String({ maxLength: 9 }) })
const Desk = contract('test.desk', '1.0.0', {
  ask: request(Wish, Wish, { errors: { Closed: Type.Object({}) } }),
})
const Nobody = contract('test.nobody', '1.0.0', { ask: request(Wish, Wish) })
const turn = () => new Promise((resolve) => setImmediate(resolve))

async function scene() {
  faults()
  const limits = { drainTimeoutMs: 50, maxConcurrentHandlers: 2 }
  const [a, b] = await pairOf({ limits }, { limits: { drainTimeoutMs: 50 } })
  let atWork = 0
  await a.serve(Desk, {
    ask: async (body, context) => {
      atWork++
      if (body.wish === 'declared') throw context.error('Closed', {})
      if (body.wish === 'bug') throw new Error('a bug')
      if (body.wish === 'hang') await new Promise(() => undefined)
      return body
    },
  })
  const { ask } = b.client(Desk, { retry: false, breaker: false })
  const working = async (count: number) => {
    while (atWork < count) await turn()
  }
  return { a, b, ask, working }
}

describe('a call that fails says how, and whether the work may have been done', () => {
  it('before it left: no server, a wrong body, a cancelled wait, no time left', async () => {
    const { b, ask } = await scene()
    const nobody = await failure(b.client(Nobody).ask({ wish: 'x' }, { timeoutMs: 20 }))
    expect(nobody).toMatchObject({ code: 'EARSHOT_NO_SERVER', sent: 'no', retryable: true })
    const invalid = await failure(ask({ wish: 'far too long' }))
    expect(invalid).toMatchObject({ code: 'EARSHOT_BODY_INVALID', sent: 'no', retryable: false })
    const cancelled = await failure(ask({ wish: 'x' }, { signal: AbortSignal.abort() }))
    expect(cancelled).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'no', retryable: false })
    const late = await failure(ask({ wish: 'x' }, { context: { remainingMs: 0 } }))
    expect(late).toMatchObject({ code: 'EARSHOT_DEADLINE', sent: 'no', retryable: true })
  })

  it('by its handler: a declared error, a bug', async () => {
    const { ask } = await scene()
    const declared = await failure(ask({ wish: 'declared' }))
    expect(declared).toMatchObject({ code: 'EARSHOT_DECLARED', name: 'Closed', sent: 'unknown' })
    const remote = await failure(ask({ wish: 'bug' }))
    expect(remote).toMatchObject({ code: 'EARSHOT_REMOTE', sent: 'unknown', retryable: false })
  })

  it('while it was under way: too many at once, too late, cancelled, its peer gone', async () => {
    const { a, ask, working } = await scene()
    const controller = new AbortController()
    const cancelled = failure(ask({ wish: 'hang' }, { signal: controller.signal }))
    const late = failure(ask({ wish: 'hang' }, { timeoutMs: 300 }))
    await working(2)
    const full = await failure(ask({ wish: 'x' }))
    expect(full).toMatchObject({ code: 'EARSHOT_OVERLOADED', sent: 'no', retryable: true })
    controller.abort()
    expect(await cancelled).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'unknown' })
    expect(await late).toMatchObject({ code: 'EARSHOT_TIMEOUT', sent: 'unknown', retryable: true })
    const { ask: other, a: server, working: begun } = await scene()
    const gone = failure(other({ wish: 'hang' }, { timeoutMs: 9_000 }))
    await begun(1)
    await server.close()
    expect(await gone).toMatchObject({ code: 'EARSHOT_PEER_GONE', sent: 'unknown' })
    await a.close()
  })
})
