// Owns time: the only file that reads a clock or sets a timer, so that tests can bring their own.
// Never wall time for durations: `nowMs` is monotonic, a jump of the wall clock changes nothing.

import { checkArgument } from './arguments.ts'

export interface Timer {
  /** Stops the timer; harmless when it has fired. */
  cancel(): void
}

export interface Clock {
  /** Monotonic, ms, fractional. */
  nowMs(): number
  /** Wall time, ms since 1970: for what is shown or sent, never for durations. */
  wallMs(): number
  /** `background` timers do not keep the process alive. */
  after(delayMs: number, run: () => void, background?: boolean): Timer
  /** Whole quarters of a second in the background are kept to a quarter of one: `Quarters`. */
  every(periodMs: number, run: () => void, background?: boolean): Timer
  /** Runs when this turn of the event loop is over, behind all that is read in it. */
  afterTurn(run: () => void): void
}

function timer(handle: NodeJS.Timeout, background: boolean, stop: (h: NodeJS.Timeout) => void) {
  if (background) handle.unref()
  return { cancel: () => stop(handle) }
}

// As they are when this is read: fake timers that a test sets up later move its own code, and would
// let links fall silent and frames wait for ever.
const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = globalThis
const now = performance.now.bind(performance)

const QUARTER_MS = 250

interface Task {
  readonly run: () => void
  readonly periodMs: number
  dueMs: number
}

/**
 * All that a process does again and again in the background, at four moments of a second: a waking
 * costs more than the work, and each timer would have its own.
 */
class Quarters {
  readonly #tasks = new Set<Task>()
  #handle: NodeJS.Timeout | undefined

  every(periodMs: number, run: () => void): Timer {
    const task = { run, periodMs, dueMs: now() + periodMs }
    this.#tasks.add(task)
    this.#handle ??= setInterval(() => this.#run(), QUARTER_MS).unref()
    return {
      cancel: () => {
        this.#tasks.delete(task)
        if (this.#tasks.size > 0) return
        clearInterval(this.#handle)
        this.#handle = undefined
      },
    }
  }

  #run(): void {
    const nowMs = now()
    for (const task of this.#tasks) {
      if (task.dueMs > nowMs + QUARTER_MS / 2) continue
      // What was missed while the loop stood still is not made up for.
      task.dueMs = Math.max(task.dueMs + task.periodMs, nowMs)
      run(task)
    }
  }
}

/** What one throws is its owner's, as from a timer of its own: the others have their turn. */
function run(task: Task): void {
  try {
    task.run()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

const quarters = new Quarters()

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: now,
  wallMs: () => Date.now(),
  after: (delayMs, run, background = false) =>
    timer(setTimeout(run, delayMs), background, clearTimeout),
  every: (periodMs, run, background = false) =>
    background && periodMs > 0 && periodMs % QUARTER_MS === 0
      ? quarters.every(periodMs, run)
      : timer(setInterval(run, periodMs), background, clearInterval),
  afterTurn: (run) => void setImmediate(run),
}

/** Resolves after `delayMs` on the given clock. */
export async function sleep(clock: Clock, delayMs: number): Promise<void> {
  checkArgument(typeof clock?.after === 'function', '/clock', 'a clock: systemClock', clock)
  return new Promise((resolve) => {
    clock.after(delayMs, resolve)
  })
}
