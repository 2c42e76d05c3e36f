// The process that asks, tells and publishes. It has one peer a codec, each of which speaks that
// codec only: so what stock, billing and shipping hear from it has come in that codec.

import { isDeepStrictEqual } from 'node:util'
import { type Client, type CodecName, EarshotError, encode, type Peer } from 'earshot'
import { order, release, reservation, Shop, sale } from './contract.ts'
import { open, runMember } from './member.ts'
import { codecs, eventPart, listeners } from './plan.ts'
import { failed, perform, report } from './report.ts'

const WARM_UP_REQUESTS = 200
const MEASURED_REQUESTS = 300
const LISTEN_TIMEOUT_MS = 5_000

interface Till {
  readonly codec: CodecName
  readonly peer: Peer
  readonly stock: Client<typeof Shop>
}

let tills: readonly Till[] = []

await runMember(async () => {
  const opened = codecs.map(async (codec): Promise<Till> => {
    const peer = await open(`till-${codec}`, [codec])
    return { codec, peer, stock: peer.client(Shop) }
  })
  tills = await Promise.all(opened)
  return tills.map(({ peer }) => peer)
}, act)

async function act(): Promise<void> {
  for (const till of tills) {
    await ask(till)
    await tell(till)
    await announce(till)
  }
  await perform('bytes', async () => weigh())
  await perform('latency', measure)
}

function ask({ codec, stock }: Till): Promise<boolean> {
  return perform(`${codec} request`, async () => {
    const answer = await stock.reserve(order)
    if (!isDeepStrictEqual(answer, reservation)) {
      throw new Error(`the answer is ${JSON.stringify(answer)}`)
    }
    return `${answer.items} items are ${answer.state}, ${answer.total.toFixed(2)} in all`
  })
}

/** Stock reports when it hears it. */
async function tell({ codec, stock }: Till): Promise<void> {
  try {
    await stock.release(release)
  } catch (error) {
    failed(`${codec} notification`, error)
  }
}

/** Billing and shipping report when they hear it. */
async function announce({ codec, peer }: Till): Promise<void> {
  try {
    await untilHeard(peer)
    await peer.publish(Shop.sold, sale)
  } catch (error) {
    for (const listener of listeners) failed(eventPart(codec, listener), error)
  }
}

/** A subscription reaches a new publisher a few ms after they have met. */
async function untilHeard(peer: Peer): Promise<void> {
  const publisher = peer.publisher(Shop.sold)
  const deadlineMs = performance.now() + LISTEN_TIMEOUT_MS
  while (publisher.listeners < listeners.length) {
    if (performance.now() > deadlineMs) {
      const text = `${publisher.listeners} of ${listeners.length} have subscribed at ${peer.name}`
      throw new EarshotError('EARSHOT_TIMEOUT', text)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function weigh(): string {
  for (const codec of codecs) {
    const requestBytes = encode(Shop.reserve, codec, order).length
    const replyBytes = encode(Shop.reserve, codec, reservation, 'reply').length
    const eventBytes = encode(Shop.sold, codec, sale).length
    report({ type: 'sizes', sizes: { codec, requestBytes, replyBytes, eventBytes } })
  }
  return ''
}

/** One request at a time. The codecs take turns, so that none has the warmer machine. */
async function measure(): Promise<string> {
  const tookMs = tills.map((): number[] => [])
  for (let round = 0; round < WARM_UP_REQUESTS + MEASURED_REQUESTS; round++) {
    for (const [index, { stock }] of tills.entries()) {
      const startMs = performance.now()
      await stock.reserve(order)
      if (round >= WARM_UP_REQUESTS) tookMs[index]?.push(performance.now() - startMs)
    }
  }
  for (const [index, { codec }] of tills.entries()) {
    const sorted = (tookMs[index] ?? []).sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
    const latency = { codec, requests: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) }
    report({ type: 'latency', latency })
  }
  return ''
}
