// Owns what was asked, what was handled and how each ended, and the promises that must hold of it.
// Never does anything itself: what breaks a promise is written down, to be told with the seed.

export type Kind =
  | 'work'
  | 'again'
  | 'note'
  | 'shed'
  | 'newest'
  | 'count'
  | 'echo'
  | 'poll'
  | 'tick'
  | 'make'
  | 'safe'
  | 'later'
  | 'claim'

/** What a call may end late by: time is read when it is sent, and again when it waits for room. */
export const SLACK_MS = 5
/** May be handled more than once: each where it is asked, or where a repeat does no harm. */
const REPEATED: ReadonlySet<Kind> = new Set(['poll', 'again', 'safe'])

export interface Outcome {
  /** Of a call that failed. */
  readonly code?: string
  readonly sent?: string
  readonly message?: string
  /** Of a notification. */
  readonly became?: string
  readonly by?: string
}

export interface Operation {
  readonly id: number
  readonly kind: Kind
  /** The name of the peer that asks. */
  readonly by: string
  readonly atMs: number
  /** By when it must have ended. */
  readonly untilMs: number
  readonly mayTryAgain: boolean
  outcome?: Outcome
  endedMs?: number
  /** Its ticket has been claimed by another: the answer goes to one. */
  claimed?: boolean
}

export class Ledger {
  readonly problems: string[] = []
  readonly operations: Map<number, Operation> = new Map()
  /** Peers in order, by operation. */
  readonly #handled = new Map<number, string[]>()
  readonly #nowMs: () => number
  #last = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  begin(kind: Kind, by: string, withinMs: number, mayTryAgain: boolean): Operation {
    const atMs = this.#nowMs()
    const untilMs = atMs + withinMs
    const operation = { id: ++this.#last, kind, by, atMs, untilMs, mayTryAgain }
    this.operations.set(operation.id, operation)
    return operation
  }

  end(operation: Operation, outcome: Outcome): void {
    if (operation.outcome) this.broken(`${told(operation)} ended twice`)
    operation.outcome = outcome
    operation.endedMs = this.#nowMs()
  }

  handled(id: number, by: string): void {
    const peers = this.#handled.get(id) ?? []
    peers.push(by)
    this.#handled.set(id, peers)
  }

  timesHandled(id: number): number {
    return this.#handled.get(id)?.length ?? 0
  }

  broken(text: string): void {
    this.problems.push(`at ${this.#nowMs()} ms: ${text}`)
  }

  /**
   * When all has come to rest.
   * @param dead peers that were killed: what they had asked may be open for ever
   * @param lateMs how much later a peer may be, that stood still meanwhile
   */
  judge(dead: ReadonlySet<string>, lateMs: (by: string) => number): void {
    for (const operation of this.operations.values()) {
      this.#judgeHandling(operation)
      if (dead.has(operation.by)) continue
      const { outcome, endedMs = 0, untilMs } = operation
      if (!outcome) this.broken(`${told(operation)} never ended`)
      else if (endedMs > untilMs + lateMs(operation.by) + 1) {
        this.broken(`${told(operation)} ended ${endedMs - untilMs} ms late: ${outcome.code}`)
      }
    }
  }

  #judgeHandling(operation: Operation): void {
    const { id, kind, outcome, mayTryAgain } = operation
    const times = this.timesHandled(id)
    if (times > 1 && !(REPEATED.has(kind) && mayTryAgain)) {
      this.broken(`${told(operation)} was handled ${times} times`)
    }
    if (!outcome) return
    const never = outcome.sent === 'no' || outcome.became === 'dropped'
    if (never && times > 0 && kind !== 'poll') {
      this.broken(`${told(operation)} was handled, and says ${JSON.stringify(outcome)}`)
    }
    const surely = outcome.became === 'handled' || outcome.became === 'done'
    if (surely && times === 0) this.broken(`${told(operation)} was never handled, and says it was`)
    const known = /^EARSHOT_(?!INTERNAL|BYTES_INVALID|BODY_INVALID)/
    if (outcome.code !== undefined && !known.test(outcome.code)) {
      this.broken(`${told(operation)} failed with ${outcome.code}: ${outcome.message}`)
    }
  }
}

/** Of a call that was rejected. */
export function outcomeOf(error: unknown): Outcome {
  const { code = 'none', sent = 'none', message = String(error) } = error as Outcome
  return { code, sent, message }
}

function told({ id, kind, by, atMs }: Operation): string {
  return `${kind} ${id} by ${by} at ${atMs} ms`
}
