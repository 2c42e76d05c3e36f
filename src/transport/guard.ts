// Owns who gets in: CURVE on every socket of a transport, and the authenticator behind it.
// Never lets in by default: no answer, a wrong mechanism or a wrong key are all a no.

import type { Context, Reply, SocketOptions } from 'zeromq'
import type { Clock } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { type CurveKeys, z85 } from '../security/keys.ts'
import type { Binding } from './binding.ts'

/** Where libzmq asks; one for each context. Source: ZeroMQ RFC 27. */
const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
const ZAP_VERSION = '1.0'
const DOMAIN = 'earshot'
const SELF_TEST_WITHIN_MS = 2_000

type Options = SocketOptions<Reply>

/** Sockets made with its options speak only with those who hold the same keys. */
export interface Guard {
  /** For sockets that bind. */
  readonly server: Options
  /** For sockets that connect. */
  readonly client: Options
  /** Starts the authenticator; before anything binds. */
  open(): Promise<void>
  /**
   * Knocks at `endpoint`, which is ours, with a key of nobody.
   * @throws EARSHOT_SECURITY unless the authenticator itself said no
   */
  selfTest(endpoint: string, clock: Clock): Promise<void>
  close(): void
}

export function createGuard(zmq: Binding, keys: CurveKeys | undefined, limits: Limits): Guard {
  // A context of our own: another authenticator of this process decides nothing here, and the
  // sockets of others are not counted among ours.
  const context = new zmq.Context({ maxSockets: limits.maxSockets })
  return keys ? new CurveGuard(zmq, keys, context) : noGuard(context)
}

function noGuard(context: Context): Guard {
  const nothing = async () => undefined
  const options = { context }
  return { server: options, client: options, open: nothing, selfTest: nothing, close: nothing }
}

class CurveGuard implements Guard {
  readonly server: Options
  readonly client: Options
  readonly #zmq: Binding
  readonly #keys: CurveKeys
  readonly #context: Context
  #authenticator: Reply | undefined
  #refused = 0

  constructor(zmq: Binding, keys: CurveKeys, context: Context) {
    this.#zmq = zmq
    this.#keys = keys
    this.#context = context
    this.server = {
      ...{ context, curveServer: true, curveSecretKey: keys.secretKey },
      ...{ zapDomain: DOMAIN, zapEnforceDomain: true },
    }
    this.client = {
      ...{ context, curveServerKey: keys.publicKey },
      ...{ curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey },
    }
  }

  async open(): Promise<void> {
    const socket = new this.#zmq.Reply({ context: this.#context, linger: 0 })
    await socket.bind(ZAP_ENDPOINT)
    this.#authenticator = socket
    this.#answer(socket).catch((error: Error) => {
      reportFault({ area: 'link', text: `the authenticator has stopped: ${error.message}` })
    })
  }

  async selfTest(endpoint: string, clock: Clock): Promise<void> {
    const before = this.#refused
    const stranger = new this.#zmq.Dealer({
      ...{ context: this.#context, linger: 0, reconnectInterval: -1 },
      ...{ curveServerKey: this.#keys.publicKey, ...curvePair(this.#zmq) },
    })
    const outcome = await new Promise<'refused' | 'let in' | 'no answer'>((resolve) => {
      const timer = clock.after(SELF_TEST_WITHIN_MS, () => resolve('no answer'))
      const end = (how: 'refused' | 'let in') => {
        timer.cancel()
        resolve(how)
      }
      stranger.events.on('handshake', () => end('let in'))
      stranger.events.on('handshake:error:auth', () => end('refused'))
      stranger.events.on('disconnect', () => end('refused'))
      stranger.connect(endpoint)
    })
    stranger.close()
    if (outcome === 'refused' && this.#refused > before) return
    const text = `a stranger at ${endpoint} was not refused by the authenticator (${outcome})`
    throw new EarshotError('EARSHOT_SECURITY', text)
  }

  close(): void {
    this.#authenticator?.close()
  }

  async #answer(socket: Reply): Promise<void> {
    while (!socket.closed) {
      let request: Buffer[]
      try {
        request = await socket.receive()
      } catch (error) {
        if (socket.closed) return
        throw error
      }
      const [version, id, domain, address, , mechanism, key] = request.map((part) => part ?? '')
      const known =
        String(version) === ZAP_VERSION &&
        String(domain) === DOMAIN &&
        String(mechanism) === 'CURVE' &&
        key?.length === 32 &&
        z85(key as Buffer) === this.#keys.publicKey
      if (!known) this.#refuse(String(address))
      const verdict = known ? ['200', 'OK', 'mesh', ''] : ['400', 'not of this mesh', '', '']
      await socket.send([ZAP_VERSION, id ?? '', ...verdict])
    }
  }

  #refuse(address: string): void {
    this.#refused++
    const text = `somebody at ${address} without the key of this mesh was refused`
    reportFault({ area: 'link', text, code: 'EARSHOT_SECURITY' })
  }
}

function curvePair(zmq: Binding): { curvePublicKey: string; curveSecretKey: string } {
  const { publicKey, secretKey } = zmq.curveKeyPair()
  return { curvePublicKey: publicKey, curveSecretKey: secretKey }
}
