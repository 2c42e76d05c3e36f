// Owns `earshot sub`: the events of a channel, one line each, until enough or Ctrl-C.
// Never hides a loss: gaps are told on stderr.

import type { Command } from 'commander'
import {
  bodyToJson,
  type Channel,
  type CodecName,
  type EventContext,
  type Peer,
  systemClock,
} from 'earshot'
import { matching, offersOf, parseChannel } from './channel-name.ts'
import { chooseCodec } from './choose-codec.ts'
import { nameOf } from './door.ts'
import { type Found, findChannel } from './find-channel.ts'
import { countingNumber, type MeshOptions, withCodec, withMesh } from './options.ts'
import { requestStop, stop, untilStopped } from './stop.ts'
import { countOf } from './table.ts'
import { jsonText, paint, print, say, visible } from './terminal.ts'
import { visit } from './visit.ts'

interface SubOptions extends MeshOptions {
  readonly count?: number
  readonly codec?: CodecName
}

const examples = `
Examples:
  $ earshot sub shop.orders/placed
  $ earshot sub placed --count 10 --json | jq .body
  $ earshot sub shop.orders/placed --wait 60000`

export function addSub(program: Command): void {
  const command = program
    .command('sub')
    .summary('hear events')
    .description('Prints each event of a channel as a line, until Ctrl-C.')
    .argument('<channel>', 'shop.orders/placed, or placed alone')
    .option('-n, --count <n>', 'end after so many events', countingNumber)
    .addHelpText('after', examples)
  withMesh(withCodec(command, 'hear it in this codec')).action(sub)
}

async function sub(channel: string, options: SubOptions): Promise<void> {
  const { mesh, codec } = options
  // Announced: `earshot pub` is not, and must be able to find us.
  await visit({ mesh, announce: true, ...(codec && { codecs: [codec] }) }, async (peer) => {
    const found = await findChannel(peer, { channel, waitMs: options.wait, kinds: ['event'] })
    if (codec) chooseCodec(found, codec)
    await hear(peer, found, options)
  })
}

async function hear(
  peer: Peer,
  { definition, title }: Found,
  { count = Number.POSITIVE_INFINITY, json }: SubOptions,
): Promise<void> {
  let heard = 0
  const take = (body: unknown, context: EventContext) => {
    if (heard >= count || stop.aborted) return
    heard++
    const value = bodyToJson(definition, body)
    print(json ? documentOf(value, context, title) : lineOf(value, context))
    if (heard >= count) requestStop()
  }
  const subscription = await peer.subscribe(definition as Channel<'event'>, take, {
    onMissed: (missed, from) =>
      say(`missed ${countOf(missed, 'event')} of ${visible(nameOf(from))}`),
  })
  const publishers = offeringPeers(peer, title)
  say(visible(`hearing ${title} of ${publishers.map(nameOf).join(', ')}; Ctrl-C ends`))
  const comings = peer.watch()
  const told = tellOfChanges(comings, title)
  await untilStopped()
  await subscription.close()
  await comings.return?.()
  await told
  if (!json) say(`heard ${countOf(heard, 'event')}, missed ${subscription.missed}`)
}

/** Peers that offer the channel: when one comes or goes, a silence has a reason. */
async function tellOfChanges(changes: ReturnType<Peer['watch']>, title: string): Promise<void> {
  const known = new Set<string>()
  for await (const { type, peer, reason } of changes) {
    if (matching(offersOf([peer]), parseChannel(title)).length === 0) continue
    if (type === 'up') known.add(peer.id)
    if (type === 'down' && known.delete(peer.id)) {
      say(visible(`${nameOf(peer)} is gone (${reason ?? 'left'}); still listening`))
    }
  }
}

function offeringPeers(peer: Peer, title: string) {
  const offers = matching(offersOf(peer.peers()), parseChannel(title))
  return offers.map(({ remote }) => remote)
}

function documentOf(body: unknown, { from, headers }: EventContext, channel: string): string {
  const time = new Date(systemClock.wallMs()).toISOString()
  const { id, name } = from
  const more = Object.keys(headers).length > 0 ? { headers } : {}
  return jsonText({ time, channel, from: { id, name }, ...more, body })
}

function lineOf(body: unknown, { from }: EventContext): string {
  const time = paint('dim', clockTime(new Date(systemClock.wallMs())))
  return `${time} ${paint('cyan', visible(from.name))} ${jsonText(body)}`
}

/** `12:03:04.567`, local. */
function clockTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}
