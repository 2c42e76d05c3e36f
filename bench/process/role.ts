// Owns a role's side of the talk with the parent: its job, its answers, its end.
// Never outlives the parent: a closed channel ends the process.

/** What can be asked of a role; `end` is called before the process ends. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>

interface Question {
  readonly number: number
  readonly what: string
  readonly argument?: never
}

const ENDED_WITHIN_MS = 2_000

/** Runs `start` with the job of this process, then answers until the parent lets go. */
export async function playRole<J>(start: (job: J) => Promise<Answers>): Promise<void> {
  let answers: Answers = {}
  process.on('disconnect', () => {
    setTimeout(() => process.exit(1), ENDED_WITHIN_MS).unref()
    void Promise.resolve(answers.end?.(undefined as never)).finally(() => process.exit(0))
  })
  answers = await start(JSON.parse(process.argv[2] ?? '{}') as J)
  process.on('message', ({ number, what, argument }: Question) => {
    void answer(answers, what, argument).then((said) => process.send?.({ number, ...said }))
  })
  process.send?.({ number: 0 })
}

async function answer(answers: Answers, what: string, argument: never | undefined) {
  try {
    const take = answers[what]
    if (!take) throw new Error(`this role does not answer "${what}"`)
    return { value: await take(argument as never) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
