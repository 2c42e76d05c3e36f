// Owns measuring one way: items as fast as the other side takes them, counted there.
// Hot path: `sendUntil`. Never loses an item unnoticed: numbers are compared at the end.

import { type Client, type Sender, sleep, systemClock } from 'earshot'
import { exitCodes, Failure, stopped } from '../failure.ts'
import { lookUntil, nextTurn, stop } from '../stop.ts'
import { type BenchContract, LEAST_ITEM_BYTES, type Mark, stamp } from './contract.ts'
import type { Times } from './latency.ts'

/** Bytes of each item, or several sizes in turn. */
export type ItemSize = number | 'mixed'

export interface OneWay {
  readonly size: ItemSize
  readonly seconds: number
  readonly perSecond: number
  readonly megabytesPerSecond: number
  readonly sent: number
  readonly received: number
  readonly lost: number
  readonly repeated: number
}

export interface Pair {
  readonly client: Client<BenchContract>
  readonly sender: Sender<Uint8Array>
}

interface Sending {
  readonly run: number
  readonly bodies: readonly Uint8Array[]
  sent: number
  ended: boolean
}

/** After the last item all have arrived within this, or are lost. */
const DRAIN_MS = 10_000
const PER_ROUND = 100
const ROUNDS_A_TURN = 20
/** How often a size occurs among 128 items: mean 1 KB, half of them smaller than 100 bytes. */
const MIX: readonly (readonly [size: number, times: number])[] = [
  [16, 52],
  [100, 42],
  [1_024, 28],
  [4_096, 5],
  [65_536, 1],
]

/** @throws EARSHOT_REMOTE when another run has begun at the other side, EARSHOT_NO_SERVER */
export async function measureOneWay(
  { client, sender }: Pair,
  size: ItemSize,
  { seconds, warmUp }: Times,
): Promise<OneWay> {
  const { run } = await client.begin({ by: 'one-way' })
  const sending: Sending = { run: run & 0xff, bodies: bodiesOf(size), sent: 0, ended: false }
  const mark = () => client.mark({ run }, { timeoutMs: DRAIN_MS })
  const sent = sendUntil(sending, sender)
  // A send that fails ends the run, but not before it is awaited below.
  sent.catch(() => undefined)
  const times = async () => {
    await sleep(systemClock, warmUp * 1_000)
    const from = await mark()
    await sleep(systemClock, seconds * 1_000)
    return [from, await mark()] as const
  }
  const [from, to] = await times().finally(() => {
    sending.ended = true
  })
  await sent
  if (stop.aborted) throw stopped()
  return figureOf(size, from, to, await drained(mark, sending), sending.sent)
}

async function sendUntil(sending: Sending, sender: Sender<Uint8Array>): Promise<void> {
  const { bodies, run } = sending
  let at = 0
  for (let round = 1; !sending.ended && !stop.aborted; round++) {
    for (let left = PER_ROUND; left > 0; left--) {
      const body = bodies[at] as Uint8Array
      at = at + 1 === bodies.length ? 0 : at + 1
      stamp(body, run, sending.sent)
      sending.sent++
      // The bytes are copied before `send` returns: the body is ours again.
      if (!sender.send(body)) await sender.ready()
    }
    if (round % ROUNDS_A_TURN === 0) await nextTurn()
  }
}

/** The last mark: all have arrived, or nothing has come for a while. */
async function drained(mark: () => Promise<Mark>, { sent }: Sending): Promise<Mark> {
  let last = await mark()
  await lookUntil(async () => {
    if (last.items < sent) last = await mark()
    return last.items >= sent ? true : undefined
  }, DRAIN_MS)
  return last
}

function figureOf(size: ItemSize, from: Mark, to: Mark, end: Mark, sent: number): OneWay {
  const ms = to.atMs - from.atMs
  if (ms <= 0) {
    const text = 'the clock of the other side stands still'
    throw new Failure(exitCodes.failed, text, 'look at the host of earshot bench serve')
  }
  return {
    size,
    seconds: Math.round(ms) / 1_000,
    perSecond: Math.round(((to.items - from.items) / ms) * 1_000),
    megabytesPerSecond: Math.round((to.bytes - from.bytes) / ms / 10) / 100,
    sent,
    received: end.items,
    lost: Math.max(end.lost - end.repeated, sent - end.items),
    repeated: end.repeated,
  }
}

function bodiesOf(size: ItemSize): Uint8Array[] {
  if (size !== 'mixed') return [filled(Math.max(size, LEAST_ITEM_BYTES))]
  const sizes = MIX.flatMap(([bytes, times]) => Array<number>(times).fill(bytes))
  // 37 and 128 have no factor in common: each is taken once, neighbours end up apart.
  return sizes.map((_, at) => filled(sizes[(at * 37) % sizes.length] as number))
}

function filled(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(120)
}
