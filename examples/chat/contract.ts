// The contract of the chat: an event for what is said, and a request for what was said before.

import { contract, event, request } from 'earshot'
import { type Static, Type } from 'typebox'

export const MAX_HISTORY_LINES = 200

const said = {
  id: Type.String({ minLength: 1, maxLength: 36 }),
  /** By the clock of the speaker. */
  at: Type.Integer({ format: 'timestamp-millis' }),
  text: Type.String({ minLength: 1, maxLength: 2_000 }),
}

/** Who says it is not in the body: every event tells from which peer it is. */
const Said = Type.Object(said)

/** What was said, and by whom. */
const Line = Type.Object({
  ...said,
  peerId: Type.String({ maxLength: 32 }),
  name: Type.String({ maxLength: 100 }),
})

export type Line = Static<typeof Line>

const HistoryQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: MAX_HISTORY_LINES }),
})

const History = Type.Object({ lines: Type.Array(Line, { maxItems: MAX_HISTORY_LINES }) })

export const Chat = contract('examples.chat', '1.0.0', {
  said: event(Said),
  history: request(HistoryQuery, History, { idempotent: true }),
})
