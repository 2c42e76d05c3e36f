import { defineConfig } from 'vitest/config'

/** Nothing but functions: they may share one process, which loads what they use once. */
const pure = 'test/{base,wire,contract,codec,resilience,report,types}/**/*.test.ts'
/** Whole peers, and processes of their own: they share one, too, and leave nothing behind in it. */
const whole = 'test/{cli,examples,bench,processes,patterns,testing}/**/*.test.ts'
const wholeToo = 'test/*.test.ts'

export default defineConfig({
  test: {
    globalSetup: 'test/global-setup.ts',
    // Real sockets and processes on shared machines: generous, so that only a hang fails.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Many wait for processes, sockets and time-outs: two cores are idle for a fifth with two.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: { name: 'apart', include: ['test/**/*.test.ts'], exclude: [pure, whole, wholeToo] },
      },
      { extends: true, test: { name: 'whole', include: [whole, wholeToo], isolate: false } },
      { extends: true, test: { name: 'pure', include: [pure], isolate: false } },
    ],
  },
})
