// Owns what a signal breaks off: libzmq then gives up what it had begun, and it is begun again.

/** A signal in each of so many attempts, of some 20 us, is no accident. */
const MOST_INTERRUPTIONS = 100

/**
 * A profiler sends signals all the time, and the end of a child process is one.
 * @param codes others by which it shows
 * @throws what `run` throws for other reasons
 */
export function despiteSignals<T>(run: () => T, codes: readonly string[] = []): T {
  for (let tries = 0; ; tries++) {
    try {
      return run()
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      const isInterrupted = code === 'EINTR' || codes.includes(code)
      if (!isInterrupted || tries === MOST_INTERRUPTIONS) throw error
    }
  }
}
