// Owns the proof that a rule can fail: for each, files it must report and files it must let pass.
// Never the repository itself: these files exist only here.

export interface Case {
  /** The title of the rule. */
  readonly rule: string
  readonly bad: Readonly<Record<string, string>>
  /** Each place reported, as path:line. */
  readonly at: readonly string[]
  readonly good: Readonly<Record<string, string>>
}
