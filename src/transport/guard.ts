// Owns who gets in: CURVE on the sockets of a transport, and the authenticator behind it.
// Never lets in by default: no answer, a wrong mechanism or a wrong key are all a no.

import { networkInterfaces } from 'node:os'
import type { Dealer, Reply, Request, SocketOptions, Subscriber } from 'zeromq'
import { isIpv6Endpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { isLoopbackEndpoint } from '../security/host-key.ts'
import { fingerprintOf, newKeys, z85 } from '../security/keys.ts'
import type { Trust } from '../security/trust.ts'
import type { Binding } from './binding.ts'
import { ContextLoan } from './contexts.ts'
import { despiteSignals } from './interrupted.ts'

/** Where libzmq asks; one for each context. Source: ZeroMQ RFC 27. */
const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
const ZAP_VERSION = '1.0'
const DOMAIN = 'earshot.'
const SELF_TEST_WITHIN_MS = 4_000
const LAST_LOOK_MS = 100
const LOOPBACK_IS_OFF = 'loopback is switched off: bring it up with `ip link set lo up`'

type Options = SocketOptions<Reply>
export type SocketRole = 'inbox' | 'outlet' | 'door'
/** What binds and can be guarded. */
type Guarded = Pick<Reply, 'curveServer' | 'curveSecretKey' | 'zapDomain' | 'zapEnforceDomain'>

type Outcome = 'refused' | 'let in' | 'no answer' | 'no connection'

/** What its sockets bind and dial is spoken with those alone whom the trust admits. */
export interface Guard {
  /** For all sockets; each of them is to be watched. */
  readonly options: Options
  readonly watch: ContextLoan['watch']
  /** Somebody who was let in may be shut out while we run. */
  readonly revokes: boolean
  /** Before `socket` binds `endpoint`; what it has bound before stays as it is. */
  protect(socket: Guarded, role: SocketRole, endpoint: string): void
  /** For a socket that connects. @param key of the other side, where it has one of its own */
  dialling(endpoint: string, key: string | undefined): Options
  /** Starts the authenticator; before anything binds. @param refused is told of each stranger */
  open(refused: (text: string) => void): Promise<void>
  /**
   * Knocks with a key of nobody at a socket of ours, bound at these endpoints, TCP last.
   * @throws EARSHOT_SECURITY unless the authenticator itself said no
   */
  selfTest(role: SocketRole, bound: readonly string[], clock: Clock): Promise<void>
  /** Before the sockets are closed: nobody is let in any more, and nothing is opened. */
  close(): void
}

/** @param mayHear who may also come to the outlet, of those whom the trust admits */
export function createGuard(
  zmq: Binding,
  trust: Trust | undefined,
  limits: Limits,
  mayHear: (publicKey: string) => boolean = () => true,
): Guard {
  // A context of our own: another authenticator of this process decides nothing here, and the
  // sockets of others are not counted among ours.
  const loan = new ContextLoan(zmq, limits.maxSockets)
  // Whoever connects and proves nothing is let go after a while.
  const { handshakeTimeoutMs: handshakeInterval } = limits
  const options = () => ({ context: loan.context, handshakeInterval })
  return trust ? new CurveGuard(zmq, trust, loan, options, mayHear) : noGuard(loan, options)
}

function noGuard(loan: ContextLoan, options: () => Options): Guard {
  const nothing = async () => undefined
  return {
    get options() {
      return options()
    },
    watch: (socket) => loan.watch(socket),
    ...{ revokes: false, protect: () => undefined },
    dialling: (endpoint) => ({ ...options(), ...familyOf(endpoint) }),
    ...{ open: nothing, selfTest: nothing, close: () => loan.giveBack() },
  }
}

class CurveGuard implements Guard {
  readonly revokes: boolean
  readonly #zmq: Binding
  readonly #trust: Trust
  readonly #loan: ContextLoan
  readonly #options: () => Options
  readonly #mayHear: (publicKey: string) => boolean
  /** Keys of our own tests, and whether the authenticator has refused them. */
  readonly #tests = new Map<string, boolean>()
  #authenticator: Reply | undefined
  #refused: (text: string) => void = () => undefined

  constructor(
    zmq: Binding,
    trust: Trust,
    loan: ContextLoan,
    options: () => Options,
    mayHear: (publicKey: string) => boolean,
  ) {
    this.#zmq = zmq
    this.#trust = trust
    this.#loan = loan
    this.#options = options
    this.#mayHear = mayHear
    this.revokes = trust.personal
  }

  get options(): Options {
    return this.#options()
  }

  readonly watch: Guard['watch'] = (socket) => this.#loan.watch(socket)

  protect(socket: Guarded, role: SocketRole, endpoint: string): void {
    if (!this.#trust.guards(endpoint)) return
    silently(() => {
      socket.curveServer = true
      socket.curveSecretKey = this.#trust.own.secretKey
      socket.zapDomain = DOMAIN + role
      socket.zapEnforceDomain = true
    })
  }

  dialling(endpoint: string, key: string | undefined): Options {
    const { own, personal } = this.#trust
    const options = { ...this.options, ...familyOf(endpoint) }
    if (!this.#trust.guards(endpoint)) return options
    if (personal && key === undefined) {
      const text = `the key of ${endpoint} is not known: write it behind the address, ${endpoint}#…`
      throw new EarshotError('EARSHOT_SECURITY', text)
    }
    const curveServerKey = personal ? (key as string) : own.publicKey
    const { publicKey: curvePublicKey, secretKey: curveSecretKey } = own
    return { ...options, curveServerKey, curvePublicKey, curveSecretKey }
  }

  async open(refused: (text: string) => void): Promise<void> {
    this.#refused = refused
    const socket = new this.#zmq.Reply({ ...this.options, linger: 0 })
    await socket.bind(ZAP_ENDPOINT)
    this.#authenticator = socket
    this.#answer(socket).catch((error: Error) => {
      const text = `the authenticator has stopped, nobody new is let in: ${error.message}`
      reportFault({ area: 'trust', text, code: 'EARSHOT_SECURITY' })
    })
  }

  async selfTest(role: SocketRole, bound: readonly string[], clock: Clock): Promise<void> {
    const guarded = bound.filter((endpoint) => this.#trust.guards(endpoint))
    const isCut = guarded.length > 0 && isLoopbackOff()
    if (isCut && role === 'inbox') reportOff()
    const endpoint = isCut ? guarded.find(isIpc) : guarded.at(-1)
    // Without loopback nobody gets to what listens there alone; what else does must be proven.
    if (endpoint === undefined && guarded.every(isLoopbackEndpoint)) return
    if (endpoint === undefined) {
      const text = `nothing here can knock at ${guarded.join()}: ${LOOPBACK_IS_OFF}`
      throw new EarshotError('EARSHOT_SECURITY', text)
    }
    await this.#knock(role, endpoint, clock)
  }

  async #knock(role: SocketRole, endpoint: string, clock: Clock): Promise<void> {
    const { publicKey: curvePublicKey, secretKey: curveSecretKey } = newKeys()
    this.#tests.set(curvePublicKey, false)
    const stranger = this.#stranger(role, {
      ...{ ...this.options, ...familyOf(endpoint), linger: 0, curvePublicKey, curveSecretKey },
      curveServerKey: this.#trust.own.publicKey,
    })
    const outcome = await new Promise<Outcome>((resolve) => {
      const late = () => resolve('no answer')
      // If it was our own loop that stood still, the answer is there, but not read yet.
      let timer = clock.after(SELF_TEST_WITHIN_MS, () => {
        timer = clock.after(LAST_LOOK_MS, late)
      })
      const end = (how: Outcome) => {
        timer.cancel()
        resolve(how)
      }
      stranger.events.on('handshake', () => end('let in'))
      stranger.events.on('handshake:error:auth', () => end('refused'))
      stranger.events.on('disconnect', () => end('refused'))
      stranger.events.on('close', () => end('no connection'))
      despiteSignals(() => stranger.connect(endpoint))
    })
    stranger.close()
    const refused = this.#tests.get(curvePublicKey)
    this.#tests.delete(curvePublicKey)
    if (outcome === 'refused' && refused) return
    const text = `a stranger at ${endpoint} was not refused by the authenticator (${outcome})`
    throw new EarshotError('EARSHOT_SECURITY', text)
  }

  /**
   * libzmq closes in this order. So the place where it asks is free when the last socket has ended,
   * and who knocks in between is refused: nobody answers.
   */
  close(): void {
    this.#authenticator?.close()
    this.#loan.giveBack()
  }

  /** Of the type that the socket speaks with: otherwise it is refused before its key is read. */
  #stranger(role: SocketRole, options: Options): Dealer | Subscriber | Request {
    const once = { ...options, reconnectInterval: -1 }
    const { Dealer, Subscriber, Request } = this.#zmq
    if (role === 'inbox') return this.watch(new Dealer(once))
    return this.watch(role === 'outlet' ? new Subscriber(once) : new Request(once))
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
      const admitted = this.#judge(request)
      const verdict = admitted ? ['200', 'OK', 'mesh', ''] : ['400', 'not of this mesh', '', '']
      await socket.send([ZAP_VERSION, request[1] ?? '', ...verdict])
    }
  }

  /** Source: ZeroMQ RFC 27: version, request, domain, address, identity, mechanism, key. */
  #judge(request: readonly Buffer[]): boolean {
    const [version, , domain, address, , mechanism, key] = request
    const role = String(domain).startsWith(DOMAIN) ? String(domain).slice(DOMAIN.length) : ''
    if (String(version) !== ZAP_VERSION || role === '') return false
    if (String(mechanism) !== 'CURVE' || key?.length !== 32) {
      return this.#refuse(`${address} came without a key to the ${role} and was refused`)
    }
    const publicKey = z85(key)
    if (this.#tests.has(publicKey)) {
      const admitted = this.#trust.admits(publicKey)
      this.#tests.set(publicKey, !admitted)
      return admitted
    }
    const who = this.#trust.personal ? ` (${fingerprintOf(publicKey)})` : ''
    if (!this.#trust.admits(publicKey)) {
      return this.#refuse(`${address} has no key${who} of this mesh: refused at the ${role}`)
    }
    if (role !== 'outlet' || this.#mayHear(publicKey)) return true
    return this.#refuse(`${address}${who} may not hear our events (allow: outlet): refused`)
  }

  #refuse(what: string): false {
    this.#refused(`somebody at ${what}`)
    return false
  }
}

/** A socket of libzmq speaks one family; over IPv6 also with those who come by IPv4. */
function familyOf(endpoint: string): Pick<Options, 'ipv6'> {
  return { ipv6: isIpv6Endpoint(endpoint) }
}

/** Tells of those whom libzmq refused before the authenticator was asked. */
export function keyless(role: SocketRole, refused: (text: string) => void) {
  return ({ address }: { address: string }): void =>
    refused(`somebody at our ${role}, ${address}, was refused: no key, or another secret`)
}

/** What we say to our own addresses goes by way of loopback, too. */
function isLoopbackOff(): boolean {
  const all = Object.values(networkInterfaces()).flatMap((infos) => infos ?? [])
  return !all.some(({ internal }) => internal)
}

function reportOff(): void {
  const text = `${LOOPBACK_IS_OFF}. Peers of this host meet by ipc alone`
  reportFault({ area: 'trust', text, code: 'EARSHOT_SECURITY' })
}

const isIpc = (endpoint: string) => endpoint.startsWith('ipc://')

/**
 * The binding warns that an option set behind a bind holds from the next bind on: which is what we
 * want of it, and nothing to trouble users with. What is set here says nothing else.
 */
function silently(set: () => void): void {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    set()
  } finally {
    process.emitWarning = emitWarning
  }
}
