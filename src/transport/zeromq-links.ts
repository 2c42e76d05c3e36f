// Owns links over ZeroMQ: one DEALER for each that we dial, one routing id of the inbox for each
// accepted.
// Hot path: a frame in, a frame out. Never sets a routing id, never waits: credit bounds what is
// queued.

import type { Dealer, Router, Subscriber } from 'zeromq'
import { type Deferred, deferred } from '../base/deferred.ts'
import { type Diagnostic, reportFault } from '../base/diagnostics.ts'
import { isEarshotError, textOf } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { FrameBound } from './frame-bound.ts'
import { frameDone } from './frame-memory.ts'
import { despiteSignals } from './interrupted.ts'
import type { Closable, FrameLink, Hearing } from './transport.ts'

const nothing = () => undefined

/** Asks a link whether it lives. An empty frame is the transport's own and goes no further. */
export const probe: Buffer = Buffer.alloc(0)

/**
 * Reads a socket until it is closed. `take` must not throw.
 * @param pause undefined to read on, or what to wait for first
 */
export async function pump(
  socket: { readonly closed: boolean; receive(): Promise<Buffer[]> },
  take: (parts: Buffer[]) => void,
  pause: () => Promise<void> | undefined = nothing,
): Promise<void> {
  while (!socket.closed) {
    let parts: Buffer[]
    const paused = pause()
    if (paused) {
      await paused
      continue
    }
    try {
      parts = await socket.receive()
    } catch (error) {
      // A closed socket rejects the receive that was waiting; anything else is told by onClose.
      if (socket.closed) return
      if (isNothingThere(error)) continue
      throw error
    }
    // Closing a socket answers the receive that waits on it, with a message if one is there.
    if (socket.closed) return
    try {
      take(parts)
    } catch (error) {
      // A fault of ours in one message must not make the socket deaf to the next.
      reportFault({ area: 'link', text: `a message could not be handled: ${textOf(error)}` })
    }
    const freed = frameDone((parts.at(-1) as Buffer).length)
    if (freed) await freed
  }
}

/** The binding was told that there is something to read, and libzmq then passed it over. */
export function isNothingThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN'
}

type Watched = Dealer | Subscriber

/**
 * A socket that we connected. A refused or lost connection closes it: whether to dial anew is not
 * its business.
 */
class Connection<S extends Watched> {
  readonly endpoint: string
  onOpen: () => void = nothing
  onFrame: (frame: Buffer) => void = nothing
  onClose: (reason: string) => void = nothing
  protected socket: S | undefined
  protected closed = false
  protected paused: Deferred | undefined
  #opened = false
  /** Where nothing else bounds what waits in the socket. */
  protected bound: FrameBound | undefined
  readonly #held: Set<Closable>

  /** @param held where it stays until it ends: a socket that nothing refers to is collected */
  constructor(open: () => S, endpoint: string, held: Set<Closable>) {
    this.endpoint = endpoint
    this.#held = held
    held.add(this)
    try {
      this.socket = open()
      this.#connect(this.socket)
    } catch (error) {
      reportFault(refusedSocket(endpoint, error))
      // Told a turn later, when the owner has set onClose.
      queueMicrotask(() => this.end(textOf(error)))
    }
  }

  close(): void {
    this.end('closed here')
  }

  protected end(reason: string): void {
    if (this.closed) return
    this.closed = true
    this.#held.delete(this)
    this.paused?.resolve()
    this.paused = undefined
    // What was said to nobody need not leave: otherwise it would hold up the end of the process.
    if (this.socket && !this.#opened) this.socket.linger = 0
    this.socket?.close()
    this.onClose(reason)
  }

  #connect(socket: S): void {
    const end = (reason: string) => this.end(reason)
    watchEnd(socket, end)
    socket.events.on('handshake', () => {
      this.#opened = true
      this.onOpen()
    })
    despiteSignals(() => socket.connect(this.endpoint))
    const take = (parts: Buffer[]) => {
      const [frame] = parts
      if (parts.length !== 1) end('a message of several parts')
      else if (frame && frame.length > 0) {
        this.bound?.pass(frame.length)
        this.onFrame(frame)
      }
    }
    const pause = () => this.paused?.promise
    pump(socket, take, pause).catch((error: Error) => end(error.message))
  }
}

/** A link that we dialled. */
export class DialledLink extends Connection<Dealer> implements FrameLink {
  readonly key: string | undefined

  constructor(open: () => Dealer, endpoint: string, held: Set<Closable>, key: string | undefined) {
    super(open, endpoint, held)
    this.key = key
  }

  send(frame: Buffer): void {
    if (this.closed) return
    this.socket?.send(frame).catch(() => this.end('the connection no longer takes frames'))
  }
}

/** A SUB at one remote outlet. */
export class SubscriberHearing extends Connection<Subscriber> implements Hearing {
  constructor(
    open: () => Subscriber,
    endpoint: string,
    held: Set<Closable>,
    { maxOutletFrames, maxOutletBytes }: Limits,
  ) {
    super(open, endpoint, held)
    this.bound = new FrameBound(maxOutletFrames, maxOutletBytes, (frames) => {
      if (this.socket) this.socket.receiveHighWaterMark = frames
    })
  }

  pause(paused: boolean): void {
    if (paused) this.paused ??= deferred()
    else {
      this.paused?.resolve()
      this.paused = undefined
    }
  }

  giveUp(): void {
    this.end('nothing came by it any more')
  }

  subscribe(topic: Buffer): void {
    if (!this.closed) this.socket?.subscribe(topic)
  }

  unsubscribe(topic: Buffer): void {
    if (!this.closed) this.socket?.unsubscribe(topic)
  }
}

/** The other side has gone, or the link is over here alone; `shut out`: for good. */
export type AcceptedEnd = 'gone' | 'closed' | 'shut out'

/** A link that somebody opened to our inbox. */
export class AcceptedLink implements FrameLink {
  readonly endpoint = 'accepted'
  readonly key: undefined = undefined
  readonly cameBy: string
  onOpen: () => void = nothing
  onFrame: (frame: Buffer) => void = nothing
  onClose: (reason: string) => void = nothing
  readonly #router: Router
  readonly #routingId: Buffer
  readonly #forget: (why: AcceptedEnd) => void
  #closed = false

  constructor(router: Router, routingId: Buffer, forget: (why: AcceptedEnd) => void) {
    this.#router = router
    this.#routingId = routingId
    this.cameBy = routingId.toString('latin1')
    this.#forget = forget
  }

  arrived(frame: Buffer): void {
    if (frame.length > 0) this.onFrame(frame)
  }

  send(frame: Buffer): void {
    if (this.#closed || this.#router.closed) return
    // With `mandatory` a routing id that leads nowhere is an error: that is how its death is seen.
    const gone = () => this.#end('the other side is gone', 'gone')
    this.#router.send([this.#routingId, frame]).catch(gone)
  }

  close(forGood = false): void {
    if (forGood) this.#end('shut out here', 'shut out')
    else this.#end('closed here', 'closed')
  }

  #end(reason: string, why: AcceptedEnd): void {
    if (this.#closed) return
    this.#closed = true
    this.#forget(why)
    this.onClose(reason)
  }
}

// With reconnecting switched off, libzmq says `close` for a refused dial, `disconnect` for a lost
// one.
function watchEnd(socket: Watched, end: (reason: string) => void): void {
  socket.events.on('close', () => end('the connection was refused'))
  socket.events.on('disconnect', () => end('the connection was lost'))
  socket.events.on('handshake:error:auth', () => end('the other side did not accept our key'))
  socket.events.on('handshake:error:protocol', () => end('the other side does not speak ZMTP'))
  socket.events.on('handshake:error:other', () => end('the handshake failed'))
}

function refusedSocket(endpoint: string, error: unknown): Diagnostic {
  const full = (error as NodeJS.ErrnoException).code === 'EMFILE'
  const most =
    'as many sockets as this peer may have (maxSockets), or files as the process (ulimit -n)'
  const why = full ? most : textOf(error)
  const told = isEarshotError(error) ? error.code : 'EARSHOT_BINDING'
  const code = full ? 'EARSHOT_OVERLOADED' : told
  return { area: 'link', text: `no socket to ${endpoint}: ${why}`, code }
}
