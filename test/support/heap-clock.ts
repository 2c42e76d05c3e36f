// Owns a clock for simulations: a heap, since the virtual clock of the tests looks at each of its
// timers, of which there are many here. Never reads the time of the machine.

import type { Clock, Timer } from '../../src/base/clock.ts'

interface Due {
  readonly atMs: number
  readonly order: number
  run: (() => void) | undefined
}

export class HeapClock implements Clock {
  #nowMs = 0
  #order = 0
  readonly #heap: Due[] = []

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const due: Due = { atMs: this.#nowMs + delayMs, order: this.#order++, run }
    this.#heap.push(due)
    this.#up(this.#heap.length - 1)
    return {
      cancel: () => {
        due.run = undefined
      },
    }
  }

  every(periodMs: number, run: () => void): Timer {
    let timer = this.after(periodMs, again)
    const clock = this
    function again(): void {
      timer = clock.after(periodMs, again)
      run()
    }
    return { cancel: () => timer.cancel() }
  }

  /** Everything that is due, at once; promises do not settle in between. */
  advance(ms: number): void {
    this.#runBefore(this.#nowMs + ms)
  }

  afterTurn(run: () => void): void {
    this.after(0, run)
  }

  /** All of the next millisecond in which anything happens; promises settle after it. */
  async step(untilMs: number): Promise<void> {
    const next = this.#heap[0]
    const endMs = Math.min(untilMs, Math.floor(next?.atMs ?? untilMs) + 1)
    this.#runBefore(endMs)
    await new Promise((resolve) => setImmediate(resolve))
  }

  #runBefore(endMs: number): void {
    for (let first = this.#heap[0]; first && first.atMs < endMs; first = this.#heap[0]) {
      this.#pop()
      this.#nowMs = Math.max(this.#nowMs, first.atMs)
      first.run?.()
    }
    this.#nowMs = endMs
  }

  #pop(): void {
    const last = this.#heap.pop() as Due
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    for (let at = 0; ; ) {
      let least = at
      for (const child of [at * 2 + 1, at * 2 + 2]) if (this.#before(child, least)) least = child
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #up(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#before(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #before(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (!one || !other) return false
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Due
    this.#heap[a] = this.#heap[b] as Due
    this.#heap[b] = kept
  }
}
