// Owns `earshot bench serve`: counts the items of a run, echoes requests, until Ctrl-C.
// Hot path: `item`. Never measures: who asks does, by what it is told here.

import type { Command } from 'commander'
import { type Handlers, type Listen, systemClock } from 'earshot'
import { exitCodes, Failure } from '../failure.ts'
import { withListen, withMeshName } from '../options.ts'
import { untilStopped } from '../stop.ts'
import { jsonText, print, say, visible } from '../terminal.ts'
import { visit } from '../visit.ts'
import { Bench, type BenchContract, LEAST_ITEM_BYTES, type Mark, numberOf } from './contract.ts'

interface ServeOptions {
  readonly mesh: string
  readonly listen?: Listen
  readonly json?: boolean
}

const examples = `
Examples:
  $ earshot bench serve                                       for runs on this host
  $ EARSHOT_SECRET=… earshot bench serve --listen lan         for runs on other hosts, too`

export function addServe(bench: Command): void {
  const command = bench
    .command('serve')
    .summary('be the other side of earshot bench run')
    .description('Counts what earshot bench run sends and answers its requests, until Ctrl-C.')
    .addHelpText('after', examples)
  withListen(withMeshName(command, 'the mesh to serve in')).action(serve)
}

async function serve({ mesh, listen, json }: ServeOptions): Promise<void> {
  await visit({ mesh, listen, name: 'earshot-bench', announce: true }, async (peer) => {
    await peer.serve(Bench, new Tally().handlers)
    const { id, endpoints } = peer
    if (json) print(jsonText({ ready: true, id, mesh, inbox: endpoints.inbox }))
    else say(visible(`serving ${Bench.name} in mesh "${mesh}" at ${endpoints.inbox.join(' ')}`))
    if (!json) say('run: earshot bench run; Ctrl-C ends')
    await untilStopped()
  })
}

/** What has arrived of the latest run. */
export class Tally {
  #run = 0
  #items = 0
  #bytes = 0
  #lost = 0
  #repeated = 0
  #expected = 0

  readonly handlers: Handlers<BenchContract> = {
    begin: () => this.#begin(),
    mark: ({ run }) => this.#mark(run),
    item: (body) => this.#item(body),
    echo: (body) => body,
  }

  #begin(): { run: number } {
    this.#run++
    this.#items = 0
    this.#bytes = 0
    this.#lost = 0
    this.#repeated = 0
    this.#expected = 0
    return { run: this.#run }
  }

  #mark(run: number): Mark {
    if (run !== this.#run) {
      const text = 'another run has begun at this server'
      throw new Failure(exitCodes.failed, text, 'one run at a time')
    }
    const atMs = systemClock.nowMs()
    const items = this.#items
    return { items, bytes: this.#bytes, lost: this.#lost, repeated: this.#repeated, atMs }
  }

  #item(body: Uint8Array): void {
    // What is left of a run that was broken off counts for nobody.
    if (body.length < LEAST_ITEM_BYTES || body[0] !== (this.#run & 0xff)) return
    const number = numberOf(body)
    const ahead = number - this.#expected
    if (ahead > 0) this.#lost += ahead
    if (ahead < 0) this.#repeated++
    else this.#expected = number + 1
    this.#items++
    this.#bytes += body.length
  }
}
