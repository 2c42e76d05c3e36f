import { defineConfig } from 'vitest/config'

const all = 'test/**/*.test.ts'
/** Files share a process, which loads what they use once. */
const shared = { isolate: false }
/** Nothing but functions. */
const pure = 'test/{base,wire,contract,codec,resilience,report,types}/**/*.test.ts'
/** They look at what their process holds, or change it: each has one of its own. */
const apart = [
  'test/{fault,hostile,simulation}/**/*.test.ts',
  'test/transport/frame-memory.test.ts',
  'test/security/host.test.ts',
  'test/discovery/mdns/sockets.test.ts',
]

export default defineConfig({
  test: {
    globalSetup: 'test/global-setup.ts',
    // Real sockets and processes on shared machines: generous, so that only a hang fails.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Many wait for processes, sockets and time-outs: two cores are idle for a fifth with two.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'apart', include: apart } },
      {
        extends: true,
        test: { name: 'whole', include: [all], exclude: [...apart, pure], ...shared },
      },
      { extends: true, test: { name: 'pure', include: [pure], ...shared } },
    ],
  },
})
