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

/** Calls `act` once when `signal` aborts; never if it has aborted already. */
export function addAbortListener(signal: AbortSignal, act: Act): void {
  let waiting = waitingFor.get(signal)
  if (waiting === undefined) {
    waiting = new Waiting()
    waitingFor.set(signal, waiting)
  }
  if (waiting.none) signal.addEventListener('abort', waiting, { once: true })
  waiting.add(act)
}

/** Without effect for what does not wait. */
export function removeAbortListener(signal: AbortSignal, act: Act): void {
  const waiting = waitingFor.get(signal)
  if (waiting?.remove(act) && waiting.none) signal.removeEventListener('abort', waiting)
}
