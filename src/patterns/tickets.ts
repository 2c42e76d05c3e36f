// Owns the caller's side of requests whose answer may come later: asks, asks again over a new link,
// takes the answer once.
// Never begins one twice: what may have been taken is only ever claimed from the same peer.

import { addAbortListener, removeAbortListener, type Stop } from '../base/abort-listeners.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { DownReason } from '../mesh/membership-events.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { noServer } from '../mesh/no-server.ts'
import type { Link, Remote } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import { type RecordWalker, Ticketing } from '../wire/record.ts'
import { cancelled, type Stoppable } from './call-options.ts'
import { declaredIn, plainIn, unreadable } from './failure.ts'
import type { RouteFinder } from './find-route.ts'
import type { Headers } from './headers.ts'
import { EntryTicket, type LaterOptions, readTicket, type Ticket, TicketEntry } from './ticket.ts'
import { type Asking, burden, gone, mayBeThere } from './ticket-asking.ts'
import { TicketEnds } from './ticket-ends.ts'
import { TicketLines } from './ticket-lines.ts'
import { checkHeaders, sayWord, type Wanted, wordOf } from './ticket-words.ts'

/** Peers that went so have forgotten what they had. */
const forgotten: ReadonlySet<DownReason> = new Set(['left', 'restarted', 'misbehaved', 'revoked'])

export class Tickets {
  readonly #mesh: Mesh
  readonly #askings = new Map<string, Asking>()
  readonly #lines: TicketLines<Asking>
  readonly #ends: TicketEnds
  #made = 0
  #bytes = 0

  constructor(mesh: Mesh, finder: RouteFinder) {
    this.#mesh = mesh
    this.#lines = new TicketLines({
      finder,
      ask: (asking, route, link) => {
        this.#encode(asking, route)
        mesh.parts.counters.ticketsSent++
        this.#ask(asking, route, link)
      },
      fail: (asking, error) => this.#fail(asking, error),
    })
    this.#ends = new TicketEnds(mesh.parts.limits.maxTickets)
    mesh.onChanged.push((remote) => this.#changed(remote))
    // Others to the same peer may still be there.
    mesh.onLinkLost.push(({ remote }) => remote?.down === false && this.#changed(remote))
    mesh.onDown.push((remote, reason) => this.#down(remote, reason))
  }

  /** Tickets that are kept here, answered ones that nobody has fetched included. */
  get size(): number {
    return this.#askings.size
  }

  later(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options?: Stoppable<LaterOptions>,
  ): Ticket<unknown> {
    const { clock, limits, newId } = this.#mesh.parts
    const id = newId()
    const entry = new TicketEntry(id, routes.local.channel, clock.nowMs() + timeoutMs)
    const asking = this.#keep(entry, routes, timeoutMs, body, options)
    try {
      if (options?.signal?.aborted) throw cancelled(options.signal, 'no')
      if (this.#askings.size > limits.maxTickets) {
        const text = `${limits.maxTickets} tickets wait for answers already (maxTickets)`
        throw new EarshotError('EARSHOT_OVERLOADED', text)
      }
      checkHeaders(options?.headers, limits)
      routes.local.check(body)
      this.#watch(asking, options?.signal)
      this.#lines.join(asking)
    } catch (error) {
      this.#fail(asking, toEarshotError(error))
    }
    return this.#ticket(entry)
  }

  /**
   * The ticket of that record: of ours, or of another process, or of our own former life.
   * @throws EARSHOT_OPTION_INVALID
   */
  claim(routes: ChannelRoutes, given: unknown): Ticket<unknown> {
    const { channel } = routes.local
    const { id, peer, epoch, deadline } = readTicket(given, channel)
    const known = this.#askings.get(id)
    if (known) return this.#ticket(known.entry)
    const { clock } = this.#mesh.parts
    const leftMs = Math.min(Math.max(1, deadline - clock.wallMs()), 2 ** 31 - 1)
    const entry = new TicketEntry(id, channel, clock.nowMs() + leftMs)
    entry.server = { id: peer, epoch, name: peer }
    entry.state = 'taken'
    const asking = this.#keep(entry, routes, leftMs, undefined, undefined)
    const remote = this.#mesh.membership.remotes.get(peer)
    if (remote) this.#again(asking, remote)
    return this.#ticket(entry)
  }

  /** A word of who serves. */
  heard(link: Link, record: RecordWalker, doing: number, id: string, headers: Headers): void {
    const asking = this.#askings.get(id)
    const from = link.remote
    // Late, or of a peer that has nothing to do with it.
    if (!asking || !from || asking.entry.server?.id !== from.id || asking.entry.over) {
      this.#mesh.parts.counters.lateReplies++
      if (doing !== Ticketing.taken) sayWord(link, Ticketing.done, wordOf(id))
      return
    }
    if (doing === Ticketing.taken) {
      this.#taken(asking)
      return
    }
    const asked = { channel: asking.entry.channel, errors: asking.route?.errors }
    if (doing === Ticketing.failure) {
      from.failed()
      const sent = asking.entry.state === 'taken' ? 'unknown' : undefined
      this.#fail(asking, plainIn(link, record, asked, sent))
    } else {
      try {
        if (doing === Ticketing.declared) {
          this.#fail(asking, declaredIn(link, record, asked, headers))
        } else {
          const reply = asking.route?.reply
          if (!reply) throw new EarshotError('EARSHOT_BYTES_INVALID', 'nothing to read it by')
          this.#answer(asking, reply.decode(record.buffer, record.start, record.end))
        }
      } catch (error) {
        this.#fail(asking, unreadable(link, asked, error))
      }
    }
    this.#ends.say(link, Ticketing.done, id)
  }

  /** Ends all: nothing waits for ever. */
  close(): void {
    for (const asking of [...this.#askings.values()]) {
      const { channel, over } = asking.entry
      const text = `the peer was closed while a ticket of ${channel.key} was under way`
      const sent = this.#sent(asking)
      if (!over) this.#fail(asking, new EarshotError('EARSHOT_CLOSED', text, { sent }))
      this.#forget(asking)
    }
  }

  #keep(
    entry: TicketEntry,
    routes: ChannelRoutes,
    timeoutMs: number,
    body: unknown,
    options: Stoppable<LaterOptions> | undefined,
  ): Asking {
    const timer = this.#mesh.parts.clock.after(timeoutMs, () => this.#late(asking, timeoutMs), true)
    const link = { link: undefined, mark: 0, hasLeft: false, burdens: undefined }
    const nowhere = { bytes: undefined, route: undefined, ...link }
    const stopListening = () => undefined
    const order = this.#made++
    const asked = { order, entry, routes, options, body, timer }
    const asking: Asking = { ...asked, ...nowhere, stopListening }
    this.#askings.set(entry.id, asking)
    return asking
  }

  #ticket(entry: TicketEntry): Ticket<unknown> {
    return new EntryTicket(entry, {
      mesh: this.#mesh,
      cancel: () => {
        const asking = this.#askings.get(entry.id)
        if (asking) this.#cancel(asking, new EarshotError('EARSHOT_CANCELLED', 'it was cancelled'))
      },
      fetched: () => {
        entry.fetched = true
        const asking = this.#askings.get(entry.id)
        if (asking && entry.over) this.#forget(asking)
      },
    })
  }

  #encode(asking: Asking, route: Route): void {
    const { maxTicketBytes } = this.#mesh.parts.limits
    const bytes = asking.routes.local.encode(route.body, asking.body)
    this.#bytes -= asking.bytes?.length ?? 0
    asking.bytes = undefined
    if (this.#bytes + bytes.length > maxTicketBytes) {
      const text = `bodies of tickets that nobody has taken fill ${maxTicketBytes} bytes`
      throw new EarshotError('EARSHOT_OVERLOADED', `${text} (maxTicketBytes)`)
    }
    asking.bytes = bytes
    this.#bytes += bytes.length
  }

  #ask(asking: Asking, route: Route, link: Link): void {
    const { id, epoch, name } = route.remote
    const { entry, options, bytes } = asking
    entry.server = { id, epoch, name }
    asking.route = route
    burden(asking, route.remote)
    asking.hasLeft = mayBeThere(asking)
    const word = wordOf(entry.id, this.#wanted(route, entry), options?.headers)
    if (sayWord(link, Ticketing.ask, word, bytes)) {
      asking.link = link
      asking.mark = link.outbound.mark
    } else if (!link.closed) {
      void link.outbound.ready().then(() => this.#again(asking, route.remote))
    }
  }

  #wanted({ code }: Route, entry: TicketEntry): Wanted {
    return { code, budgetMs: Math.ceil(this.#leftMs(entry)) }
  }

  /** Its peer has another link than the one it was asked by: what has been said may be lost. */
  #changed(remote: Remote): void {
    this.#ends.again(remote)
    for (const asking of this.#askings.values()) {
      if (asking.entry.server?.id === remote.id && !asking.entry.over) this.#again(asking, remote)
    }
  }

  #again(asking: Asking, remote: Remote): void {
    const { entry, routes, link: before } = asking
    if (entry.over) return
    if (remote.epoch !== entry.server?.epoch) {
      this.#fail(asking, gone(entry, 'started anew'))
      return
    }
    const { link } = remote
    if (!link || (before && !before.closed)) return
    const route = routes.linked().find((one) => one.remote === remote)
    if (!route) return
    if (entry.state === 'sending') this.#ask(asking, route, link)
    else {
      asking.route = route
      burden(asking, remote)
      const word = wordOf(entry.id, this.#wanted(route, entry))
      if (sayWord(link, Ticketing.claim, word)) asking.link = link
      else if (!link.closed) void link.outbound.ready().then(() => this.#again(asking, remote))
    }
  }

  #down(remote: Remote, reason: DownReason): void {
    if (forgotten.has(reason)) this.#ends.forget(remote)
    const back: Asking[] = []
    for (const asking of [...this.#askings.values()]) {
      const { entry } = asking
      if (entry.server?.id !== remote.id || entry.over) continue
      if (entry.state === 'sending' && !mayBeThere(asking)) {
        // It never left: somebody else may have it.
        entry.server = undefined
        asking.link = undefined
        burden(asking, undefined)
        back.push(asking)
      } else if (forgotten.has(reason)) this.#fail(asking, gone(entry, 'left'))
    }
    this.#lines.join(...back)
  }

  #taken(asking: Asking): void {
    asking.entry.state = 'taken'
    this.#bytes -= asking.bytes?.length ?? 0
    asking.bytes = undefined
    asking.entry.given.resolve()
  }

  #answer(asking: Asking, reply: unknown): void {
    this.#taken(asking)
    asking.entry.state = 'answered'
    asking.entry.answer.resolve(reply)
    this.#ended(asking)
  }

  #fail(asking: Asking, error: EarshotError): void {
    if (asking.entry.over) return
    asking.entry.state = 'failed'
    asking.entry.given.reject(error)
    asking.entry.answer.reject(error)
    this.#ended(asking)
  }

  #ended(asking: Asking): void {
    burden(asking, undefined)
    asking.stopListening()
    this.#lines.leave(asking)
    this.#bytes -= asking.bytes?.length ?? 0
    asking.bytes = undefined
    // What nobody has fetched stays for who claims it, until its deadline.
    if (asking.entry.fetched || asking.entry.state === 'failed') this.#forget(asking)
  }

  #forget(asking: Asking): void {
    asking.timer.cancel()
    this.#askings.delete(asking.entry.id)
  }

  #late(asking: Asking, timeoutMs: number): void {
    if (asking.entry.over) this.#forget(asking)
    else this.#cancel(asking, this.#tooLate(asking, timeoutMs))
  }

  #tooLate(asking: Asking, timeoutMs: number): EarshotError {
    const { entry, routes } = asking
    if (!entry.server && !routes.usable) {
      return noServer(routes, this.#mesh.membership.remotes.values(), timeoutMs)
    }
    const there = entry.server && this.#mesh.membership.remotes.has(entry.server.id)
    const whose = entry.server && `${entry.server.name}${there ? '' : ', which is not there,'}`
    const who = whose ? `${whose} did not answer` : 'nobody has taken'
    const late = timeoutMs > 1 ? `in ${Math.round(timeoutMs)} ms` : 'by its deadline, which is over'
    const text = `${who} a ticket of ${entry.channel.key} ${late}`
    return new EarshotError('EARSHOT_TIMEOUT', text, { sent: this.#sent(asking) })
  }

  #cancel(asking: Asking, error: EarshotError): void {
    const { entry, link } = asking
    if (entry.over) return
    if (link) this.#ends.say(link, Ticketing.cancel, entry.id)
    this.#fail(asking, error)
  }

  #watch(asking: Asking, signal: Stop | undefined): void {
    if (!signal) return
    const onAbort = () => this.#cancel(asking, cancelled(signal, this.#sent(asking)))
    addAbortListener(signal, onAbort)
    asking.stopListening = () => removeAbortListener(signal, onAbort)
  }

  #sent(asking: Asking): 'no' | 'unknown' {
    return asking.entry.state === 'sending' && !mayBeThere(asking) ? 'no' : 'unknown'
  }

  #leftMs({ deadlineMs }: TicketEntry): number {
    return Math.max(1, deadlineMs - this.#mesh.parts.clock.nowMs())
  }
}
