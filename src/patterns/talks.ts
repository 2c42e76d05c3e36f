// Owns which stream a record belongs to, of all that are under way on all links.
// Never reads a body: the stream does.

import { EarshotError } from '../base/errors.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import { Kind, type RecordWalker } from '../wire/record.ts'
import type { RouteFinder } from './find-route.ts'
import { deniedTo } from './said-aloud.ts'
import { flowOf, type Side, type Talk } from './talk.ts'

const LAST_CORRELATION = 0x7fffffff

export class Talks {
  readonly mesh: Mesh
  readonly finder: RouteFinder
  /** Of ours, those that wait for somebody to serve them, or for room on a full link. */
  waiting = 0
  /** By link and by the flow that the other side sends. */
  readonly #open = new Map<Link, Map<number, Talk>>()
  readonly #counts: Record<Side, number> = { caller: 0, server: 0 }
  #last = 0

  constructor(mesh: Mesh, finder: RouteFinder) {
    this.mesh = mesh
    this.finder = finder
    mesh.inbound.on(Kind.item, (link, record) => {
      const flow = peekNumber(record)
      const talk = this.#find(link, flow)
      if (talk) talk.take(record)
      // What was on its way when the reader left.
      else mesh.parts.counters.lateReplies++
      return true
    })
    mesh.inbound.on(Kind.end, (link, record) => {
      const [flow, items] = [record.number(), record.number()]
      if (items < 0) throw broken('the end of a stream')
      this.#find(link, flow)?.theirEnd(items)
      return true
    })
    mesh.inbound.on(Kind.stop, (link, record) => {
      const flow = record.number()
      this.#find(link, flow)?.stopped(record)
      return true
    })
    mesh.inbound.on(Kind.more, (link, record) => {
      const [flow, items, bytes] = [record.number(), record.number(), record.number()]
      if (flow < 0 || items < 0 || bytes < 0) throw broken('a grant')
      // It names the flow that we send by; ours are found by the other one of the pair.
      this.#find(link, flow % 2 === 0 ? flow + 1 : flow - 1)?.granted(items, bytes)
      return true
    })
    mesh.onLinkLost.push((link) => this.#lost(link))
    mesh.onTrust.push(() => this.#recheck())
  }

  /** Streams under way, of both sides. */
  get size(): number {
    return this.#counts.caller + this.#counts.server
  }

  count(side: Side): number {
    return this.#counts[side]
  }

  /** A number for a stream that we open. */
  correlation(): number {
    this.#last = this.#last === LAST_CORRELATION ? 1 : this.#last + 1
    return this.#last
  }

  /** @throws EARSHOT_BYTES_INVALID when there is one of that number */
  add(talk: Talk): void {
    const { link, correlation, side } = talk.parts
    const flow = theirFlow(correlation, side)
    const ofLink = this.#open.get(link) ?? new Map<number, Talk>()
    if (ofLink.has(flow)) throw new EarshotError('EARSHOT_BYTES_INVALID', 'a stream opened twice')
    this.#open.set(link, ofLink)
    ofLink.set(flow, talk)
    this.#counts[side]++
  }

  remove(talk: Talk): void {
    const { link, correlation, side } = talk.parts
    const ofLink = this.#open.get(link)
    if (!ofLink?.delete(theirFlow(correlation, side))) return
    this.#counts[side]--
    if (ofLink.size === 0) this.#open.delete(link)
  }

  /** All of one side. */
  all(side: Side): Talk[] {
    const talks = [...this.#open.values()].flatMap((ofLink) => [...ofLink.values()])
    return talks.filter(({ parts }) => parts.side === side)
  }

  /** Whose role is gone hears no more of what the role had opened to it. */
  #recheck(): void {
    for (const talk of this.all('server')) {
      const { link, channel } = talk.parts
      const denied = deniedTo(this.mesh, link, this.mesh.parts.access.ruleOf(channel), channel.key)
      if (denied) talk.stop(denied)
    }
  }

  #find(link: Link, flow: number): Talk | undefined {
    if (flow < 0) throw broken('a part of a stream')
    return this.#open.get(link)?.get(flow)
  }

  #lost(link: Link): void {
    const who = link.remote?.name ?? 'the remote peer'
    for (const talk of [...(this.#open.get(link)?.values() ?? [])]) {
      const text = `${who} was lost in the middle of ${talk.parts.channel.key}`
      talk.lost(new EarshotError('EARSHOT_PEER_GONE', text))
    }
  }
}

function theirFlow(correlation: number, side: Side): number {
  return flowOf(correlation, side === 'caller' ? 'server' : 'caller')
}

/** The first number, left in its place. */
function peekNumber(record: RecordWalker): number {
  const { start } = record
  const number = record.number()
  record.start = start
  return number
}

function broken(what: string): EarshotError {
  return new EarshotError('EARSHOT_BYTES_INVALID', `${what} that breaks off`)
}
