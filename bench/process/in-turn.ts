// Owns how measurements follow each other. Never takes one.

/** One after the other; in a short look side by side, which is for the order of a figure. */
export async function inTurn<J, T>(
  jobs: readonly J[],
  quick: boolean,
  run: (job: J) => Promise<T>,
): Promise<T[]> {
  if (quick) return Promise.all(jobs.map(run))
  const done: T[] = []
  for (const job of jobs) done.push(await run(job))
  return done
}
