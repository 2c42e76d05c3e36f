// Owns what code outside of Earshot takes time and chance from, while a world lends it its own.
// Never for longer than time moves: outside of `run` all of it is the machine's.

import { syncBuiltinESMExports } from 'node:module'
import { addAbortListener, removeAbortListener } from '../base/abort-listeners.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'

type Run = (...args: unknown[]) => void

/** There is one `setTimeout` in a process: who lends it must have it back before another does. */
let lender: LentGlobals | undefined

/** What a global timer gives: as much of Node's as programs use. */
class LentTimer {
  readonly #set: () => Timer
  #timer: Timer

  constructor(set: () => Timer) {
    this.#set = set
    this.#timer = set()
  }

  cancel(): void {
    this.#timer.cancel()
  }

  refresh(): this {
    this.#timer.cancel()
    this.#timer = this.#set()
    return this
  }

  /** A world is kept alive by what is waited for, not by its timers. */
  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  close(): this {
    this.cancel()
    return this
  }

  [Symbol.dispose](): void {
    this.cancel()
  }
}

export class LentGlobals {
  readonly #clock: Clock
  readonly #lent: readonly (readonly [owner: object, name: string, value: unknown])[]
  #giveBack: (() => void)[] = []

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    const timers = [
      ['setTimeout', this.#setter('after')],
      ['setInterval', this.#setter('every')],
      ['clearTimeout', cleared(clearTimeout)],
      ['clearInterval', cleared(clearInterval)],
    ] as const
    const owners = [globalThis, process.getBuiltinModule('node:timers')]
    this.#lent = [
      ...owners.flatMap((owner) => timers.map(([name, value]) => [owner, name, value] as const)),
      [process.getBuiltinModule('node:timers/promises'), 'setTimeout', this.#sleep],
      [globalThis, 'Date', this.#date()],
      [performance, 'now', () => clock.nowMs()],
      [AbortSignal, 'timeout', (ms: number) => this.#signal(ms)],
      [Math, 'random', random],
    ]
  }

  /** @throws EARSHOT_OPTION_INVALID while another world lends its own */
  lend(): void {
    if (lender !== undefined) {
      const text = 'another world lends its globals now: let one run after the other'
      throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/globals' })
    }
    lender = this
    for (const [owner, name, value] of this.#lent) {
      const before = Object.getOwnPropertyDescriptor(owner, name)
      Object.defineProperty(owner, name, { value, configurable: true, writable: true })
      this.#giveBack.push(() => {
        if (before) Object.defineProperty(owner, name, before)
        else Reflect.deleteProperty(owner, name)
      })
    }
    syncBuiltinESMExports()
  }

  takeBack(): void {
    lender = undefined
    for (const giveBack of this.#giveBack) giveBack()
    this.#giveBack = []
    syncBuiltinESMExports()
  }

  /** That of node:timers/promises. */
  readonly #sleep = <T>(ms?: number, value?: T, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise<T | undefined>((resolve, reject) => {
      const onAbort = () => {
        timer.cancel()
        reject(new DOMException('The operation was aborted', 'AbortError'))
      }
      const timer = this.#setter('after')(() => {
        if (signal) removeAbortListener(signal, onAbort)
        resolve(value)
      }, ms)
      if (signal?.aborted) onAbort()
      else if (signal) addAbortListener(signal, onAbort)
    })

  #setter(how: 'after' | 'every'): (run: Run, ms?: number, ...args: unknown[]) => LentTimer {
    return (run, ms = 1, ...args) => {
      // As Node has it: at least 1 ms, whatever is asked for.
      const delayMs = ms >= 1 && ms < 2 ** 31 ? ms : 1
      return new LentTimer(() => this.#clock[how](delayMs, () => run(...args)))
    }
  }

  #date(): DateConstructor {
    const now = () => Math.floor(this.#clock.wallMs())
    return new Proxy(Date, {
      construct: (target, args, made) =>
        Reflect.construct(target, args.length > 0 ? args : [now()], made) as Date,
      apply: (target) => String(new target(now())),
      get: (target, name, given) => (name === 'now' ? now : Reflect.get(target, name, given)),
    })
  }

  #signal(ms: number): AbortSignal {
    const control = new AbortController()
    const late = new DOMException('The operation was aborted due to timeout', 'TimeoutError')
    this.#clock.after(ms, () => control.abort(late))
    return control.signal
  }
}

function cleared(clear: typeof clearTimeout): typeof clearTimeout {
  return (timer: unknown) => {
    if (timer instanceof LentTimer) timer.cancel()
    else clear(timer as NodeJS.Timeout)
  }
}
