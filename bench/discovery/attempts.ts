// Owns what becomes of a measurement that fails: its reason is kept, and what was measured before.
// Never tries again.

export class Attempts {
  readonly #failed: string[] = []

  /** Whether `run` came to its end. */
  async at(what: string, run: () => Promise<void>): Promise<boolean> {
    try {
      await run()
      return true
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#failed.push(`${what}: ${reason}`)
      return false
    }
  }

  /** One sentence for each that did not. */
  get failed(): readonly string[] {
    return this.#failed
  }
}
