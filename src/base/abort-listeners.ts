// Owns being told that a signal has aborted: one listener on it, for all of ours that wait for it.
// Never keeps one on a signal for which nobody waits.

type Act = () => void

/** With a listener of each call's own, Node would warn of a leak at the eleventh. */
class Waiting {
  /** One call a signal is the rule: a set for the others is made when there are others. */
  #first: Act | undefined
  #others: Set<Act> | undefined

  get none(): boolean {
    return this.#first === undefined && !this.#others?.size
  }

  add(act: Act): void {
    if (this.#first === undefined) this.#first = act
    else {
      this.#others ??= new Set()
      this.#others.add(act)
    }
  }

  /** False: it did not wait. */
  remove(act: Act): boolean {
    if (this.#first !== act) return this.#others?.delete(act) ?? false
    this.#first = undefined
    return true
  }

  /** An act may take others out, which are then not called. */
  handleEvent(): void {
    const first = this.#first
    this.#first = undefined
    first?.()
    for (const act of this.#others ?? []) {
      this.#others?.delete(act)
      act()
    }
  }
}

const waitingFor = new WeakMap<AbortSignal, Waiting>()

/**
 * Signals as one: it aborts with the first of them. `AbortSignal.any` leaves something behind on
 * each, for as long as that lives; this leaves nothing once nobody waits.
 */
export class EitherSignal {
  readonly #signals: readonly Stop[]
  /** What is called in place of whoever waits: once, whichever signal it is. */
  readonly #once = new Map<Act, Act>()

  constructor(...signals: readonly Stop[]) {
    this.#signals = signals
  }

  get aborted(): boolean {
    return this.#signals.some(({ aborted }) => aborted)
  }

  get reason(): unknown {
    return this.#signals.find(({ aborted }) => aborted)?.reason
  }

  add(act: Act): void {
    const once = () => {
      this.remove(act)
      act()
    }
    this.#once.set(act, once)
    for (const signal of this.#signals) addAbortListener(signal, once)
  }

  remove(act: Act): void {
    const once = this.#once.get(act)
    if (once === undefined) return
    this.#once.delete(act)
    for (const signal of this.#signals) removeAbortListener(signal, once)
  }
}

/** What says that nobody waits any more. */
export type Stop = AbortSignal | EitherSignal

/** Calls `act` once when `signal` aborts; never if it has aborted already. */
export function addAbortListener(signal: Stop, act: Act): void {
  if (signal instanceof EitherSignal) {
    signal.add(act)
    return
  }
  let waiting = waitingFor.get(signal)
  if (waiting === undefined) {
    waiting = new Waiting()
    waitingFor.set(signal, waiting)
  }
  if (waiting.none) signal.addEventListener('abort', waiting, { once: true })
  waiting.add(act)
}

/** Without effect for what does not wait. */
export function removeAbortListener(signal: Stop, act: Act): void {
  if (signal instanceof EitherSignal) {
    signal.remove(act)
    return
  }
  const waiting = waitingFor.get(signal)
  if (waiting?.remove(act) && waiting.none) signal.removeEventListener('abort', waiting)
}
