// Owns an answer that comes after its handler has returned, from wherever the program has it.
// Never waits for ever: whoever asked no longer waits at the deadline, and then it is closed.

/** What a handler returns in place of its answer: `return context.defer()`, kept to be answered. */
export interface DeferredAnswer<R> {
  /** False once it is answered, or nobody waits any more: cancelled, lost, closed, or too late. */
  readonly open: boolean
  /** Answers as if the handler had returned it. False: nobody waits, or it was answered before. */
  resolve(answer: R): boolean
  /** Fails as if the handler had thrown it; errors that the contract declares arrive as such. */
  reject(error: unknown): boolean
}

/** Who is told, once, and of one of the three. */
export interface AnswerFollower {
  readonly answered: (answer: unknown) => void
  readonly threw: (error: unknown) => void
  /** Nobody waits any more. */
  readonly dropped: () => void
}

type Outcome = (follower: AnswerFollower) => void

export class PendingAnswer implements DeferredAnswer<unknown> {
  #outcome: Outcome | undefined
  #follower: AnswerFollower | undefined

  /** Of anything that a handler gave: nothing in it is called. */
  static is(given: unknown): given is PendingAnswer {
    return typeof given === 'object' && given !== null && #outcome in given
  }

  get open(): boolean {
    return this.#outcome === undefined
  }

  resolve(answer: unknown): boolean {
    return this.#settle(({ answered }) => answered(answer))
  }

  reject(error: unknown): boolean {
    return this.#settle(({ threw }) => threw(error))
  }

  /** Nobody waits any more. */
  drop(): void {
    this.#settle(({ dropped }) => dropped())
  }

  /** Its handler has returned it. It may have been answered before that. */
  follow(follower: AnswerFollower): void {
    this.#follower = follower
    this.#outcome?.(follower)
  }

  #settle(outcome: Outcome): boolean {
    if (!this.open) return false
    this.#outcome = outcome
    if (this.#follower) outcome(this.#follower)
    return true
  }
}
