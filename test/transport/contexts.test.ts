// Contexts of libzmq, over the real binding, which counts how many it makes.

import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { type CurveKeys, newKeys } from '../../src/security/keys.ts'
import { sharedTrust } from '../../src/security/trust.ts'
import { type Binding, loadBinding } from '../../src/transport/binding.ts'
import { ContextLoan } from '../../src/transport/contexts.ts'
import { createGuard } from '../../src/transport/guard.ts'
import { until } from '../support/peers.ts'

const zmq = await loadBinding()
let rooms = 4_000

/** A binding that counts, and limits that no other test has. */
function counting() {
  const made: object[] = []
  class Context extends zmq.Context {
    constructor(options: object) {
      super(options)
      made.push(this)
    }
  }
  return { made, zmq: { ...zmq, Context } as Binding, maxSockets: rooms++ }
}

/** Gives back a context with a socket in it, and waits until it can be had again. */
async function used(counted: ReturnType<typeof counting>) {
  const loan = new ContextLoan(counted.zmq, counted.maxSockets)
  const { context } = loan
  const socket = loan.watch(new zmq.Dealer({ context, linger: 0 }))
  loan.giveBack()
  const ended = new Promise<void>((resolve) => socket.events.on('end', () => resolve()))
  socket.close()
  await ended
  return context
}

describe('a context that was given back', () => {
  it('is lent again, to one at a time, when the last socket in it has ended', async () => {
    const counted = counting()
    const lend = () => new ContextLoan(counted.zmq, counted.maxSockets)
    const first = lend()
    const { context } = first
    const [one, other] = [1, 2].map(() => first.watch(new zmq.Dealer({ context })))
    first.giveBack()
    one?.close()
    const ended = new Promise<void>((resolve) => other?.events.on('end', () => resolve()))
    expect(lend().context).not.toBe(context)
    other?.close()
    expect(lend().context).not.toBe(context)
    await ended
    const again = lend()
    expect(again.context).toBe(context)
    expect(lend().context).not.toBe(context)
    expect(again.context).toBe(context)
    expect(counted.made.length).toBe(4)
  })

  it('lingers as long as a socket that has something left to send', async () => {
    const counted = counting()
    const lend = () => new ContextLoan(counted.zmq, counted.maxSockets)
    const first = lend()
    const { context } = first
    const socket = first.watch(new zmq.Dealer({ context, linger: 150 }))
    const ended = new Promise<void>((resolve) => socket.events.on('end', () => resolve()))
    // Nobody listens there: what is sent waits for a connection that never comes.
    socket.connect('ipc:///tmp/nobody-listens-here')
    await socket.send('left behind')
    first.giveBack()
    const beganMs = performance.now()
    socket.close()
    expect(lend().context).not.toBe(context)
    await ended
    expect(performance.now() - beganMs).toBeGreaterThan(120)
    expect(lend().context).toBe(context)
  })

  it('is not lent to who has another limit of sockets, and opens nothing itself', async () => {
    const counted = counting()
    const context = await used(counted)
    expect(new ContextLoan(counted.zmq, rooms++).context).not.toBe(context)
    const loan = new ContextLoan(counted.zmq, counted.maxSockets)
    expect(loan.context).toBe(context)
    loan.giveBack()
    expect(() => loan.context).toThrow(expect.objectContaining({ code: 'EARSHOT_CLOSED' }))
    expect(new ContextLoan(counted.zmq, counted.maxSockets).context).toBe(context)
  })

  it('is none where no socket was ever opened', () => {
    const counted = counting()
    new ContextLoan(counted.zmq, counted.maxSockets).giveBack()
    expect(counted.made.length).toBe(0)
  })

  it('bears signals, which interrupt the making of a monitor, and not without end', () => {
    const counted = counting()
    const loan = new ContextLoan(counted.zmq, counted.maxSockets)
    const interrupted = (times: number) => ({
      closed: false,
      get events() {
        const code = times % 2 ? 'EINTR' : 'EADDRINUSE'
        if (times-- > 0) throw Object.assign(new Error('Interrupted'), { code })
        return { on: () => undefined }
      },
      close() {
        this.closed = true
      },
    })
    const lucky = interrupted(3)
    expect(loan.watch(lucky)).toBe(lucky)
    expect(lucky.closed).toBe(false)
    const hopeless = interrupted(1_000)
    expect(() => loan.watch(hopeless)).toThrow(/Interrupted/)
    expect(hopeless.closed).toBe(true)
  })

  it('is handed on although there was no room for the monitor of a socket', async () => {
    const few = { ...counting(), maxSockets: 4 }
    const loan = new ContextLoan(few.zmq, few.maxSockets)
    const { context } = loan
    const first = loan.watch(new zmq.Dealer({ context, linger: 0 }))
    const ended = new Promise<void>((resolve) => first.events.on('end', () => resolve()))
    const second = new zmq.Dealer({ context, linger: 0 })
    expect(() => loan.watch(second)).toThrow(expect.objectContaining({ code: 'EMFILE' }))
    expect(second.closed).toBe(true)
    loan.giveBack()
    first.close()
    await ended
    expect(new ContextLoan(few.zmq, few.maxSockets).context).toBe(context)
  })
})

describe('a guard in a context that another had before', () => {
  /** Binds an inbox as a transport does; tells whether a client with these keys gets in. */
  async function open(counted: ReturnType<typeof counting>, keys: CurveKeys | undefined) {
    const trust = keys && sharedTrust(keys, () => true)
    const { maxSockets } = counted
    const limits = { ...defaultLimits, maxSockets, handshakeTimeoutMs: 500 }
    const guard = createGuard(counted.zmq, trust, limits)
    const inbox = guard.watch(new zmq.Router({ ...guard.options, linger: 0 }))
    await guard.open(() => undefined)
    guard.protect(inbox, 'inbox', 'tcp://127.0.0.1:*')
    await inbox.bind('tcp://127.0.0.1:*')
    const endpoint = inbox.lastEndpoint as string
    await guard.selfTest('inbox', [endpoint], systemClock)
    const ended = new Promise<void>((resolve) => inbox.events.on('end', () => resolve()))
    const close = async () => {
      guard.close()
      inbox.close()
      await ended
    }
    return { guard, endpoint, close }
  }

  async function getsIn(endpoint: string, keys: CurveKeys | undefined, server = keys?.publicKey) {
    const curve = keys && {
      ...{ curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey },
      curveServerKey: server as string,
    }
    const client = new zmq.Dealer({ linger: 0, reconnectInterval: -1, ...curve })
    onTestFinished(() => client.close())
    const outcome = new Promise<boolean>((resolve) => {
      client.events.on('handshake', () => resolve(true))
      for (const event of ['handshake:error:auth', 'disconnect', 'close'] as const) {
        client.events.on(event, () => resolve(false))
      }
    })
    client.connect(endpoint)
    return await outcome
  }

  it('knows its own keys alone, whatever those of the guard before', async () => {
    const counted = counting()
    const [mine, theirs] = [newKeys(), newKeys()]
    for (let round = 0; round < 3; round++) {
      const before = await open(counted, theirs)
      expect(await getsIn(before.endpoint, theirs)).toBe(true)
      await before.close()
      const now = await open(counted, mine)
      // With the right key of the server and the keys of the mesh that was here before.
      expect(await getsIn(now.endpoint, theirs, mine.publicKey)).toBe(false)
      expect(await getsIn(now.endpoint, undefined)).toBe(false)
      expect(await getsIn(now.endpoint, mine)).toBe(true)
      await now.close()
      const unguarded = await open(counted, undefined)
      expect(await getsIn(unguarded.endpoint, undefined)).toBe(true)
      await unguarded.close()
    }
    expect(counted.made.length).toBe(1)
  })

  it('lets nobody in between its close and the end of its sockets', async () => {
    const counted = counting()
    const keys = newKeys()
    const { guard, endpoint, close } = await open(counted, keys)
    guard.close()
    expect(await getsIn(endpoint, keys)).toBe(false)
    expect(() => guard.options).toThrow(expect.objectContaining({ code: 'EARSHOT_CLOSED' }))
    await close()
    await until('it is handed on', async () => (await used(counted)) === counted.made[0])
  })
})
