// Owns what a client keeps of a ticket until it is known to be taken, and what follows from it.
// Never asks: when, and by which link, is the tickets' business.

import type { Timer } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Link, Remote } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import type { Stoppable } from './call-options.ts'
import type { LaterOptions, TicketEntry } from './ticket.ts'

/** What is needed to ask, until it is known to be taken. */
export interface Asking {
  readonly order: number
  readonly entry: TicketEntry
  readonly routes: ChannelRoutes
  readonly options: Stoppable<LaterOptions> | undefined
  readonly body: unknown
  readonly timer: Timer
  /** The body in the codec of the route, once there is one. */
  bytes: Buffer | undefined
  route: Route | undefined
  link: Link | undefined
  mark: number
  /** By a link before this one it may have come to its peer. */
  hasLeft: boolean
  /** Whose load it is counted in, until it is over. */
  burdens: Remote | undefined
  stopListening: () => void
}

/** What stands in a frame of a link that lives leaves it, whatever becomes of its ticket. */
export function mayBeThere({ link, mark, hasLeft }: Asking): boolean {
  return hasLeft || (link !== undefined && (!link.closed || link.outbound.hasLeft(mark)))
}

/** It is work of that peer from now on, and of nobody else. */
export function burden(asking: Asking, remote: Remote | undefined): void {
  if (asking.burdens === remote) return
  if (asking.burdens) asking.burdens.load--
  if (remote) remote.load++
  asking.burdens = remote
}

export function gone({ channel, server }: TicketEntry, how: string): EarshotError {
  const text = `${server?.name} ${how} before it answered a ticket of ${channel.key}`
  return new EarshotError('EARSHOT_PEER_GONE', text)
}
