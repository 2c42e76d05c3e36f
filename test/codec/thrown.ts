// Owns catching what a call throws, as an EarshotError. Never lets another error pass for one.

import { type EarshotError, isEarshotError } from '../../src/base/errors.ts'

/** The error that `run` throws, or undefined when it throws none. */
export function thrownBy(run: () => unknown): EarshotError | undefined {
  try {
    run()
    return undefined
  } catch (thrown) {
    if (!isEarshotError(thrown)) throw thrown
    return thrown
  }
}
