// Owns the records by which links begin and end: hello, welcome, refuse, offer, beat, credit,
// goodbye.
// Never knows discovery or sockets.

import { reportFault } from '../base/diagnostics.ts'
import type { ErrorCode } from '../base/error-table.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import {
  agreedProtocol,
  type Hello,
  parseHello,
  parseOffers,
  parseWireError,
} from '../wire/hello.ts'
import { Kind, type RecordWalker } from '../wire/record.ts'
import type { Counters } from './counters.ts'
import type { Inbound } from './inbound.ts'
import type { Identity, Introduction } from './introduction.ts'
import type { Membership } from './membership.ts'
import { beaten } from './pulse.ts'
import type { Link, Remote } from './remote.ts'

export interface GreetingParts {
  readonly inbound: Inbound
  readonly membership: Membership
  readonly introduction: Introduction
  readonly limits: Limits
  readonly counters: Counters
  readonly nowMs: () => number
  readonly hello: () => Hello
  /** We have said goodbye to all who were there. */
  readonly leaving: () => boolean
  /** The remote peer's offers have changed. */
  readonly offered: (remote: Remote) => void
  /** Others have lost so many events of one of our channels. */
  readonly missedThere: (channel: string, count: number) => void
  /** Everything that we sent before our `last` has arrived. */
  readonly farewell: (link: Link) => void
}

export function registerGreeting(parts: GreetingParts): void {
  const { inbound, membership, limits } = parts
  inbound.on(Kind.refuse, (link, record) => {
    const { code, message } = parseWireError(payloadOf(record))
    reportFault({ area: 'link', text: `${link.frames.endpoint} refused us: ${message}`, code })
    membership.refused(link, `refused us: ${message}`)
    return true
  })
  // A link that we have closed and the other side has not: it need not wait for our silence.
  const forgotten = new RateLimit(limits.maxPeersPerSecond, parts.nowMs)
  inbound.onStranger = (link) => {
    if (!forgotten.take()) return
    const message = 'you are not known on this link: say hello on a new one'
    const refusal = { code: 'EARSHOT_PEER_GONE', message }
    link.outbound.control(Kind.refuse, Buffer.from(JSON.stringify(refusal)))
  }
  inbound.on(Kind.offer, ({ remote }, record) => {
    if (!remote || record.end - record.start > limits.maxHelloBytes) return true
    const isNew = remote.offer(parseOffers(payloadOf(record), limits.maxContracts))
    if (isNew) parts.offered(remote)
    return true
  })
  inbound.on(Kind.beat, (link, record) => {
    beaten(link, record.number(), parts.nowMs(), limits)
    return true
  })
  inbound.on(Kind.credit, (link, record) => {
    const bytes = record.number()
    if (bytes < 0) throw new EarshotError('EARSHOT_BYTES_INVALID', 'credit without a number')
    const window = record.number()
    link.outbound.released(bytes)
    if (window >= 0) link.outbound.resize(window)
    return true
  })
  inbound.on(Kind.missed, (link, record) => {
    const count = record.number()
    if (count < 0) throw new EarshotError('EARSHOT_BYTES_INVALID', 'a loss without a number')
    link.counts.missedThere += count
    parts.missedThere(record.buffer.toString('utf8', record.start, record.end), count)
    return true
  })
  registerHello(parts)
  registerGoodbye(parts)
}

function registerHello(parts: GreetingParts): void {
  const { inbound, membership } = parts
  const accept = createAcceptance(parts)
  inbound.on(Kind.hello, (link, record) => {
    const say = (kind: number, what: object) =>
      link.outbound.control(kind, Buffer.from(JSON.stringify(what)))
    const introduced = accept(link, record)
    if ('code' in introduced) {
      say(Kind.refuse, introduced)
      // It may have been let in before its key was taken off the list.
      if (introduced.code === 'EARSHOT_SECURITY') link.close(true)
      return true
    }
    const { hello, who } = introduced
    const own = parts.hello()
    say(Kind.welcome, own)
    // Who comes late knows it from the start, and asks nothing of us.
    if (parts.leaving()) link.outbound.control(Kind.bye)
    membership.welcomed(link, { hello, who, toldRevision: own.revision })
    return true
  })
  inbound.on(Kind.welcome, (link, record) => {
    const introduced = accept(link, record)
    if ('code' in introduced) {
      membership.refused(link, introduced.message)
      return true
    }
    membership.attach(link, introduced.hello, introduced.who)
    // The link is kept: the other side waits for this word. What we offer may have changed, too.
    link.outbound.control(Kind.offer, offersIn(parts.hello()))
    if (parts.leaving()) link.outbound.control(Kind.bye)
    return true
  })
  inbound.onFirstWord = (link) => {
    const greeting = membership.begin(link)
    if (!greeting) return false
    const own = parts.hello()
    if (own.revision !== greeting.toldRevision) link.outbound.control(Kind.offer, offersIn(own))
    return true
  }
}

function registerGoodbye({ inbound, membership, farewell }: GreetingParts): void {
  inbound.on(Kind.bye, ({ remote }) => {
    if (remote) membership.leaves(remote)
    return true
  })
  inbound.on(Kind.last, (link) => {
    // What was asked of it before we knew that it leaves goes first: it waits for this word alone.
    void link.outbound.drained().then(() => link.outbound.control(Kind.farewell))
    return true
  })
  inbound.on(Kind.farewell, (link) => {
    farewell(link)
    return true
  })
}

interface Introduced {
  readonly hello: Hello
  readonly who: Identity | undefined
}

interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

/** Checks a hello: who says it, or what to refuse it with. */
function createAcceptance(parts: GreetingParts) {
  const strangers = new RateLimit(parts.limits.maxPeersPerSecond, parts.nowMs)
  return (link: Link, record: RecordWalker): Introduced | Refusal => {
    if (link.remote || parts.membership.greeted.has(link)) {
      throw new EarshotError('EARSHOT_BYTES_INVALID', 'a second hello')
    }
    const introduced = examine(parts, strangers, link, record)
    if ('code' in introduced) parts.counters.refusedHellos++
    return introduced
  }
}

function examine(
  { limits, membership, introduction, hello: own }: GreetingParts,
  strangers: RateLimit,
  link: Link,
  record: RecordWalker,
): Introduced | Refusal {
  const refuse = (code: ErrorCode, message: string) => ({ code, message })
  if (record.end - record.start > limits.maxHelloBytes) {
    return refuse('EARSHOT_BYTES_INVALID', `a hello has at most ${limits.maxHelloBytes} bytes`)
  }
  const hello = parseHello(payloadOf(record), limits.maxContracts)
  const ours = own()
  if (hello.id === ours.id) return refuse('EARSHOT_OPTION_INVALID', 'that is ourselves')
  if (hello.mesh !== ours.mesh) return refuse('EARSHOT_OPTION_INVALID', 'this is another mesh')
  if (agreedProtocol(hello.protocol) === undefined) {
    const text = `we speak protocol ${ours.protocol}, you speak ${hello.protocol}`
    return refuse('EARSHOT_CONTRACT_MISMATCH', text)
  }
  const who = introduction.identify(hello, link.frames)
  if (typeof who === 'string') {
    reportFault({ area: 'link', text: `a hello was refused: ${who}`, code: 'EARSHOT_SECURITY' })
    return refuse('EARSHOT_SECURITY', who)
  }
  const settled = { hello: introduction.settled(hello, who), who }
  const known = membership.remotes.get(hello.id)
  if (known && known.epoch > hello.epoch) {
    return refuse('EARSHOT_OPTION_INVALID', 'a later incarnation of you is known')
  }
  // Of a peer that is known, too: it may open one link after the other and keep none.
  const isFull = membership.greeted.size >= limits.maxPeers
  if (known && !isFull) return settled
  if (isFull || membership.remotes.size >= limits.maxPeers) {
    return refuse('EARSHOT_OVERLOADED', `${limits.maxPeers} peers are known already (maxPeers)`)
  }
  if (!strangers.take()) {
    return refuse('EARSHOT_OVERLOADED', `${limits.maxPeersPerSecond} new peers in this second`)
  }
  return settled
}

function offersIn({ revision, contracts }: Hello): Buffer {
  return Buffer.from(JSON.stringify({ revision, contracts }))
}

function payloadOf(record: RecordWalker): Buffer {
  return record.buffer.subarray(record.start, record.end)
}

/** So many a second; a window that starts anew. */
class RateLimit {
  readonly #perSecond: number
  readonly #nowMs: () => number
  #windowMs = 0
  #taken = 0

  constructor(perSecond: number, nowMs: () => number) {
    this.#perSecond = perSecond
    this.#nowMs = nowMs
  }

  take(): boolean {
    const now = this.#nowMs()
    if (now - this.#windowMs >= 1_000) {
      this.#windowMs = now
      this.#taken = 0
    }
    return ++this.#taken <= this.#perSecond
  }
}
