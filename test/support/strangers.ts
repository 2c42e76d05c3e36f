// What a stranger with a raw ZeroMQ binding says: a hello, and single records. Written by hand, not
// by the code under test.

import type { Dealer } from 'zeromq'
import { Kind } from '../../src/wire/record.ts'

/** All that a hello needs, in the name of nobody; `change` is laid over it. */
export function helloOf(mesh: string, change: object = {}): object {
  return {
    ...{ protocol: [1, 1], mesh, id: 'ab'.repeat(16), epoch: 1, name: 'stranger', pid: 1 },
    ...{ host: 'elsewhere', dialled: '', inbox: [], outlet: [], door: [], codecs: ['json'] },
    ...{ revision: 0, contracts: [], hears: [], credit: 1_000_000, window: 1_000_000 },
    ...{ heartbeatMs: 60_000, ...change },
  }
}

/** One record as a frame: bytes, a text, or a value as JSON. Lengths below 2^21, padded. */
export function record(kind: number, content: object | string | Buffer): Buffer {
  const payload = Buffer.isBuffer(content)
    ? content
    : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
  const { length } = payload
  const size = [(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14]
  return Buffer.concat([Buffer.from([0xea, 1, kind, ...size]), payload])
}

/** Says hello and one word more: who stops at the hello may give the link up, and is not in. */
export async function introduce(dealer: Dealer, mesh: string, change: object = {}): Promise<void> {
  await dealer.send(record(Kind.hello, helloOf(mesh, change)))
  await dealer.send(record(Kind.beat, ''))
}

/** The next frame; empty ones are the transport's own, which asks whether a link lives. */
export async function nextFrame(dealer: Dealer): Promise<Buffer> {
  for (;;) {
    const [frame] = (await dealer.receive()) as [Buffer]
    if (frame.length > 0) return frame
  }
}
