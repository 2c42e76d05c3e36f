// Owns what falls due in a time that moves only when told to: a heap, the earliest first.
// Never reads the machine's clock, never waits.

import { systemClock, type Timer } from '../base/clock.ts'

interface Due {
  readonly atMs: number
  /** At one instant what ends a turn comes behind all else, as `setImmediate` does. */
  readonly endsTurn: boolean
  readonly order: number
  run: (() => void) | undefined
}

export class Schedule {
  #nowMs: number
  #order = 0
  #pending = 0
  readonly #heap: Due[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** What is set and has neither run nor been cancelled. */
  get pending(): number {
    return this.#pending
  }

  /** Runs `run` at `atMs`, or now if that is over; in order of time, then of calls. */
  at(atMs: number, run: () => void, endsTurn = false): Timer {
    const due: Due = { atMs: Math.max(this.#nowMs, atMs), endsTurn, order: this.#order++, run }
    this.#pending++
    this.#heap.push(due)
    this.#rise(this.#heap.length - 1)
    return { cancel: () => this.#cancel(due) }
  }

  /** As `at`, each `periodMs` from now on. */
  every(periodMs: number, run: () => void): Timer {
    const again = () => {
      timer = this.at(this.#nowMs + periodMs, again)
      run()
    }
    let timer = this.at(this.#nowMs + periodMs, again)
    return { cancel: () => timer.cancel() }
  }

  /** When the next is due; undefined when nothing is set. */
  get nextMs(): number | undefined {
    for (let first = this.#heap[0]; first; first = this.#heap[0]) {
      if (first.run) return first.atMs
      this.#removeFirst()
    }
    return undefined
  }

  /** Runs all that is due before `endMs`, which is now; promises do not settle in between. */
  runBefore(endMs: number): void {
    for (let at = this.nextMs; at !== undefined && at < endMs; at = this.nextMs) this.step(at)
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Moves to what is due next and runs it. False: nothing is, until `untilMs`, which is now. */
  step(untilMs: number): boolean {
    for (let first = this.#heap[0]; first && first.atMs <= untilMs; first = this.#heap[0]) {
      this.#removeFirst()
      const { run } = first
      if (!run) continue
      this.#pending--
      first.run = undefined
      this.#nowMs = first.atMs
      run()
      return true
    }
    if (Number.isFinite(untilMs)) this.#nowMs = Math.max(this.#nowMs, untilMs)
    return false
  }

  #cancel(due: Due): void {
    if (due.run) this.#pending--
    due.run = undefined
  }

  #removeFirst(): void {
    const last = this.#heap.pop() as Due
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    for (let at = 0; ; ) {
      const left = at * 2 + 1
      let least = at
      if (this.#isBefore(left, least)) least = left
      if (this.#isBefore(left + 1, least)) least = left + 1
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (!one || !other) return false
    if (one.atMs !== other.atMs) return one.atMs < other.atMs
    if (one.endsTurn !== other.endsTurn) return other.endsTurn
    return one.order < other.order
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Due
    this.#heap[a] = this.#heap[b] as Due
    this.#heap[b] = kept
  }
}

/** What time can move by. */
export function isTime(ms: number): boolean {
  return ms >= 0 && Number.isFinite(ms)
}

/** A macrotask: every chain of microtasks, however long, comes to rest before it. */
export function settle(): Promise<void> {
  return new Promise((resolve) => systemClock.afterTurn(resolve))
}
