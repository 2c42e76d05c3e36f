// Owns the contexts of libzmq in this process: one for each open peer, used again when the peer is
// closed, because the binding never ends one. Never lends one to two at a time, nor while anything
// of the peer before is left in it.

import type { Context } from 'zeromq'
import { EarshotError } from '../base/errors.ts'
import type { Binding } from './binding.ts'
import { despiteSignals } from './interrupted.ts'

/** As many as were ever in use at once; by the room for sockets, which the first one settles. */
const idle = new Map<number, Context[]>()

interface Watched {
  readonly events: { on(event: 'end', heard: () => void): void }
  close(): void
}

/** A context for one peer, taken with its first socket, and handed on behind its last. */
export class ContextLoan {
  readonly #zmq: Binding
  readonly #maxSockets: number
  #context: Context | undefined
  #sockets = 0
  #over = false

  constructor(zmq: Binding, maxSockets: number) {
    this.#zmq = zmq
    this.#maxSockets = maxSockets
  }

  /** @throws EARSHOT_CLOSED once it was given back */
  get context(): Context {
    if (this.#over) throw new EarshotError('EARSHOT_CLOSED', 'the peer of this socket is closed')
    this.#context ??= takeOf(this.#zmq, this.#maxSockets)
    return this.#context
  }

  /**
   * Every socket but the authenticator's passes here. A closed one lingers, and its listeners and
   * handshakes with it, until libzmq says of it that it has ended.
   */
  watch<S extends Watched>(socket: S): S {
    const ended = () => {
      this.#sockets--
      this.#handOn()
    }
    try {
      // What the next attempt is called may be taken until the reaper has been at the one before.
      despiteSignals(() => socket.events.on('end', ended), ['EADDRINUSE'])
    } catch (error) {
      socket.close()
      throw error
    }
    this.#sockets++
    return socket
  }

  /** No socket is opened any more. The context is handed on when the last has ended. */
  giveBack(): void {
    this.#over = true
    this.#handOn()
  }

  #handOn(): void {
    const context = this.#context
    if (!this.#over || this.#sockets > 0 || !context) return
    this.#context = undefined
    const others = idle.get(this.#maxSockets)
    if (others) others.push(context)
    else idle.set(this.#maxSockets, [context])
  }
}

function takeOf(zmq: Binding, maxSockets: number): Context {
  return idle.get(maxSockets)?.pop() ?? new zmq.Context({ maxSockets })
}
