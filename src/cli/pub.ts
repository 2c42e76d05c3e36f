// Owns `earshot pub`: events on a channel whose contract some peer of the mesh tells.
// Never publishes to nobody: it waits for a listener, or says that there is none.

import type { Command } from 'commander'
import { type Channel, type Peer, type Publisher, sleep, systemClock } from 'earshot'
import { checkedBody, readJson, readJsonLines } from './body.ts'
import { exitCodes, Failure, stopped, wrongUsage } from './failure.ts'
import { type Found, findChannel } from './find-channel.ts'
import { countingNumber, header, type MeshOptions, wholeNumber, withMesh } from './options.ts'
import { lookUntil, nextTurn, stop } from './stop.ts'
import { countOf } from './table.ts'
import { jsonText, print } from './terminal.ts'
import { visit } from './visit.ts'

interface PubOptions extends MeshOptions {
  readonly count?: number
  readonly interval: number
  readonly header?: Readonly<Record<string, string>>
}

interface Tally {
  readonly channel: string
  published: number
  /** Of these, so many had somebody who heard them. */
  heard: number
  /** Subscriptions in force at the last event. */
  listeners: number
}

/** Events that may leave together. */
type Batches = AsyncIterable<readonly unknown[]>

/** One listener is there: others that come with it get so long to be there, too. */
const SETTLE_MS = 50

/** So many leave in one turn; then sockets and signals have theirs. */
const EVENTS_PER_TURN = 256

const examples = `
Examples:
  $ earshot pub shop.orders/placed '{"id":7}'
  $ earshot pub placed '{"id":7}' --count 100 --interval 20
  $ tail -f placed.ndjson | earshot pub shop.orders/placed -`

export function addPub(program: Command): void {
  const command = program
    .command('pub')
    .summary('publish events')
    .description('Publishes events on a channel that some peer of the mesh offers.')
    .argument('<channel>', 'shop.orders/placed, or placed alone')
    .argument('[json]', 'the body; - reads one from each line of stdin', undefined)
    .option('-n, --count <n>', 'publish it so many times (default: 1)', countingNumber)
    .option('-i, --interval <ms>', 'pause between two events', wholeNumber, 0)
    .option('-H, --header <name=value>', 'a header; may be given several times', header)
    .addHelpText('after', examples)
  withMesh(command).action(pub)
}

async function pub(channel: string, json: string | undefined, options: PubOptions): Promise<void> {
  if (json === '-' && options.count !== undefined) {
    throw wrongUsage('--count goes with one body, not with - for stdin', 'leave out one of them')
  }
  const one = json === '-' ? undefined : { json: await readJson(json) }
  const tally = await visit(options, async (peer) => {
    const found = await findChannel(peer, { channel, waitMs: options.wait, kinds: ['event'] })
    const { definition } = found
    const { count = 1, interval } = options
    const batches = one
      ? repeated(checkedBody(definition, one.json), count, interval)
      : fromStdin(definition)
    return await publishAll(peer, found, batches, options)
  })
  report(tally, options)
}

async function* repeated(body: unknown, count: number, intervalMs: number): Batches {
  const size = intervalMs > 0 ? 1 : EVENTS_PER_TURN
  for (let left = count; left > 0; left -= size) yield Array(Math.min(left, size)).fill(body)
}

async function* fromStdin(channel: Channel): Batches {
  for await (const lines of readJsonLines()) {
    const bodies: unknown[] = []
    for (const { json, where } of lines) {
      try {
        bodies.push(checkedBody(channel, json, where))
      } catch (error) {
        yield bodies
        throw error
      }
    }
    yield bodies
  }
}

async function publishAll(
  peer: Peer,
  { definition, title }: Found,
  batches: Batches,
  { wait, interval, header: headers }: PubOptions,
): Promise<Tally> {
  const channel = definition as Channel<'event'>
  const publisher = peer.publisher(channel)
  await awaitListener(publisher, title, wait)
  const tally: Tally = { channel: title, published: 0, heard: 0, listeners: 0 }
  for await (const batch of batches) {
    if (tally.published > 0 && interval > 0) await pause(interval)
    if (stop.aborted) break
    for (const body of batch) {
      tally.listeners = publisher.listeners
      if (headers) await peer.publish(channel, body, { headers })
      else if (!publisher.send(body)) await publisher.ready()
      tally.published++
      if (tally.listeners > 0) tally.heard++
    }
    await nextTurn()
  }
  return tally
}

async function awaitListener(
  publisher: Publisher<unknown>,
  title: string,
  waitMs: number,
): Promise<void> {
  if (await lookUntil(() => publisher.listeners || undefined, waitMs)) {
    let last = 0
    while (!stop.aborted && last !== publisher.listeners) {
      last = publisher.listeners
      await sleep(systemClock, SETTLE_MS)
    }
    return
  }
  if (stop.aborted) throw stopped()
  const text = `nobody listens to ${title} after ${waitMs} ms: nothing was published`
  throw new Failure(exitCodes.nobody, text, `start a subscriber: earshot sub ${title}`)
}

/** Ends early when we are to end. */
async function pause(intervalMs: number): Promise<void> {
  await lookUntil(() => undefined, intervalMs)
}

function report(tally: Tally, { json }: PubOptions): void {
  const { channel, published, heard } = tally
  if (published > 0 && heard === 0) {
    const text = `nobody heard ${channel}: the listeners have left`
    const next = `start a subscriber: earshot sub ${channel}`
    throw new Failure(exitCodes.nobody, text, next, { document: tally })
  }
  print(json ? jsonText(tally) : sentence(tally))
}

function sentence({ published, heard, listeners }: Tally): string {
  const events = countOf(published, 'event')
  const who = countOf(listeners, 'listener')
  const lost = published === heard ? '' : `; ${published - heard} were heard by nobody`
  return `published ${events}, heard by ${who}${lost}`
}
