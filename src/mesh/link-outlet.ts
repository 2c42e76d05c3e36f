// Owns the outlet of channels under a rule of access: their events leave by the links of those who
// may hear them, whose keys are proved there. The shared outlet cannot tell who hears. To those who
// cannot reach it, what is published there goes by links, too.
// Hot path: a frame is copied once for each who hears it. Never waits: who is full sees a gap.

import type { Clock } from '../base/clock.ts'
import { FaultsOnce, reportFault } from '../base/diagnostics.ts'
import { toEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { bytesBody } from '../codec/bytes-body.ts'
import { type Access, outletRule } from '../security/access.ts'
import { AsideOp, Kind, type RecordWalker } from '../wire/record.ts'
import { heardAs, isMarker, parseMarker, parsePrefix, prefixLength } from '../wire/topic.ts'
import type { Counters } from './counters.ts'
import type { Inbound } from './inbound.ts'
import { Outlet } from './outlet.ts'
import type { Link } from './remote.ts'

export interface LinkOutletParts {
  readonly access: Access
  /** Ours. */
  readonly id: string
  readonly inbound: Inbound
  readonly limits: Limits
  readonly clock: Clock
  readonly counters: Counters
  /** Of all channels that no rule closes. */
  readonly shared: Outlet
}

/** Who may hear a channel, and where it is published. */
interface Rule {
  readonly name: string
  readonly outlet: Outlet
}

/** Who hears one prefix, and by how many ears. */
interface Listeners {
  readonly rule: Rule
  readonly links: Map<Link, number>
}

/** Frames are bytes to the link, whatever is in them. */
const bytes = bytesBody('json', { kind: 'bytes' })
/** As an outlet remembers; more of a rule's channels are nobody's honest wish. */
const MAX_PREFIXES = 65_536

export class LinkOutlet {
  readonly outlet: Outlet
  readonly #parts: LinkOutletParts
  readonly #onHeard: (id: string, what: string) => void
  readonly #listeners = new Map<string, Listeners>()
  /** Since the rules were looked at last: who is denied asks again and again. */
  readonly #denials = new FaultsOnce(MAX_PREFIXES)
  /** Whose marker is being answered. */
  #asker: Link | undefined

  constructor(parts: LinkOutletParts, onHeard: (id: string, what: string) => void) {
    const { id, limits, clock, counters } = parts
    this.#parts = parts
    this.#onHeard = onHeard
    const publish = (frame: Buffer) => this.#publish(frame)
    this.outlet = new Outlet(id, publish, limits, clock, counters, onHeard)
  }

  /** Others are trusted than before: who may no longer hear hears nothing from now on. */
  recheck(): void {
    const { access } = this.#parts
    this.#denials.clear()
    for (const [key, { rule, links }] of [...this.#listeners]) {
      for (const link of [...links.keys()]) {
        if (access.passes(rule.name, link.remote?.who)) continue
        this.#forget(key, link)
        this.#send(link, AsideOp.denied, Buffer.from(key, 'latin1'))
      }
    }
  }

  lost(link: Link): void {
    for (const key of [...this.#listeners.keys()]) this.#forget(key, link)
  }

  /** Before a frame leaves by the shared outlet. True: it was for one link alone. */
  also(frame: Buffer): boolean {
    if (this.#listeners.size === 0 && this.#asker === undefined) return false
    this.#publish(frame)
    return this.#asker !== undefined && isMarker(frame)
  }

  /** Somebody wishes to listen, from now on or no longer. */
  asked(link: Link, op: number, record: RecordWalker): boolean {
    const asked = Buffer.from(record.buffer.subarray(record.start, record.end))
    const marker = isMarker(asked) ? parseMarker(asked) : undefined
    const prefix = marker?.prefix ?? parsePrefix(asked)
    if (prefix === undefined || (op !== AsideOp.begin && op !== AsideOp.end)) {
      this.#parts.inbound.bad(link, 'a wish to listen to no topic')
      return true
    }
    const rule = this.#ruleOf(prefix.name)
    if (!this.#parts.access.passes(rule.name, link.remote?.who)) {
      if (op === AsideOp.begin) this.#deny(link, asked, prefix.name, rule.name)
      if (marker) this.#onHeard(marker.id, heardAs(prefix.name, prefix.key))
    } else if (marker) {
      this.#asker = link
      if (op === AsideOp.begin) rule.outlet.subscribed(asked, true)
      this.#asker = undefined
    } else if (op === AsideOp.begin) this.#begin(asked, rule, link)
    else this.#end(asked.toString('latin1'), link)
    return true
  }

  #begin(prefix: Buffer, rule: Rule, link: Link): void {
    const key = prefix.toString('latin1')
    const known = this.#listeners.get(key)
    if (known === undefined && this.#listeners.size >= MAX_PREFIXES) {
      this.#parts.counters.topicsIgnored++
      return
    }
    const { links } = known ?? { links: new Map<Link, number>() }
    if (known === undefined) this.#listeners.set(key, { rule, links })
    const ears = links.get(link) ?? 0
    links.set(link, ears + 1)
    if (ears === 0) rule.outlet.subscribed(prefix, true)
  }

  #end(key: string, link: Link): void {
    const links = this.#listeners.get(key)?.links
    const ears = links?.get(link) ?? 0
    if (ears > 1) links?.set(link, ears - 1)
    else this.#forget(key, link)
  }

  #forget(key: string, link: Link): void {
    const listeners = this.#listeners.get(key)
    if (!listeners?.links.delete(link)) return
    if (listeners.links.size === 0) this.#listeners.delete(key)
    listeners.rule.outlet.subscribed(Buffer.from(key, 'latin1'), false)
  }

  #deny(link: Link, asked: Buffer, name: string, rule: string): void {
    this.#parts.counters.denied++
    const who = link.remote ? `${link.remote.name} (${link.remote.label.key})` : 'somebody'
    const text = `${who} may not hear ${name}: rule "${rule}"`
    this.#denials.report({ area: 'trust', text, code: 'EARSHOT_DENIED' })
    this.#send(link, AsideOp.denied, asked)
  }

  #publish(frame: Buffer): void {
    if (isMarker(frame)) {
      if (this.#asker) this.#send(this.#asker, AsideOp.frame, frame)
      return
    }
    const key = frame.toString('latin1', 0, prefixLength(frame))
    for (const link of this.#listeners.get(key)?.links.keys() ?? []) {
      this.#send(link, AsideOp.frame, frame)
    }
  }

  /** What does not fit a full link is lost for that listener, whose numbers tell. */
  #send(link: Link, flag: number, frame: Buffer): void {
    if (link.closed) return
    if (link.outbound.full) {
      link.counts.dropped++
      return
    }
    try {
      link.outbound.flow(Kind.aside, flag, bytes, frame)
    } catch (error) {
      link.counts.dropped++
      const { message, code } = toEarshotError(error)
      reportFault({ area: 'outlet', text: `events for ${link.remote?.name}: ${message}`, code })
    }
  }

  /**
   * Whoever may come to the shared outlet may hear by a link what leaves there, and so may those
   * whom the rule of such a channel names besides.
   */
  #ruleOf(key: string): Rule {
    const { access, shared } = this.#parts
    const [contract = '', , name = ''] = key.split('/')
    const own = access.byLink({ contract, name })
    if (own !== undefined) return { name: own, outlet: this.outlet }
    return { name: access.ruleOf({ contract, name }) ?? outletRule, outlet: shared }
  }
}
