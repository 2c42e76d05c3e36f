// Owns the door's turn: one request after the other, each with its answer.
// Never reads a request, and never stops for one that is none.

import type { Reply } from 'zeromq'
import type { TransportEvents } from './transport.ts'
import { isNothingThere } from './zeromq-links.ts'

/** Until the door is closed. @throws what else keeps it from being read */
export async function answerDoor(door: Reply, events: TransportEvents): Promise<void> {
  while (!door.closed) {
    let parts: Buffer[]
    try {
      parts = await door.receive()
    } catch (error) {
      if (door.closed) return
      if (!isNothingThere(error)) throw error
      // A REP says that it has something and passes it over when it reads no envelope.
      events.malformed('door', 'a message without an envelope')
      continue
    }
    const answer = await events.asked(parts.length === 1 ? (parts[0] as Buffer) : Buffer.alloc(0))
    if (!door.closed) await door.send(answer)
  }
}
