// Owns `earshot bench`: its two sides. Never measures itself.

import type { Command } from 'commander'
import { wrongUsage } from '../failure.ts'
import { addRun } from './run.ts'
import { addServe } from './serve.ts'

export function addBench(program: Command): void {
  const bench = program
    .command('bench')
    .summary('measure between two peers of your own')
    .description('Measures what two peers reach: serve on one side, run on the other.')
    .action(() => {
      const next = 'earshot bench serve on one side, earshot bench run on the other'
      throw wrongUsage('which side?', next)
    })
  addServe(bench)
  addRun(bench)
}
