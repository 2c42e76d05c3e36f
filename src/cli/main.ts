#!/usr/bin/env node
// Owns the command `earshot`: its commands, its help, how it ends.
// Never knows a command's work, and never imports what a user of the package cannot.

import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { documentOf, exitCodes, Failure, toFailure } from './failure.ts'
import { requestStop } from './stop.ts'
import { jsonText, paint, print, say, survivePipe, visible } from './terminal.ts'

const epilogue = `
Examples:
  $ earshot peers                                       who is there
  $ earshot doctor orders                               why is it not seen
  $ earshot call shop.orders/place '{"sku":"x","n":1}'  ask somebody
  $ earshot sub shop.orders/placed                      hear events
  $ earshot pub shop.orders/placed '{"id":7}'           publish one
  $ earshot codecs shop.orders/place '{"sku":"x"}'      compare the four codecs
  $ earshot contract check orders.js                    is it in step with its lock file
  $ earshot compat old.json orders.js                   can both versions talk
  $ earshot gen orders.proto                            TypeScript from a schema
  $ earshot keys new                                    make a key for a peer
  $ earshot trust list                                  who is let in
  $ earshot bench run                                   what bench serve and we reach
  $ earshot explain EARSHOT_TIMEOUT                     what it means, what to do

Exit codes:
  0  done
  1  the call or the work failed; the error has a code
  2  wrong usage: an argument, an option, or a body that does not fit
  3  nobody was found: no peer, none that offers the channel, or no listener

Environment:
  EARSHOT_MESH    the mesh to look in, as --mesh; peers that name none are in it, too
  EARSHOT_SECRET  the secret of the mesh, if it has one
  EARSHOT_ALLOW   the allow list of the mesh, if it has one; EARSHOT_KEY is the key of the command
  NO_COLOR        no colours`

type Add = (program: Command) => void

/** A command loads what it needs alone: most of the time of a short one is reading code. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  peers: async () => (await import('./peers.ts')).addPeers,
  doctor: async () => (await import('./doctor/doctor.ts')).addDoctor,
  call: async () => (await import('./call.ts')).addCall,
  pub: async () => (await import('./pub.ts')).addPub,
  sub: async () => (await import('./sub.ts')).addSub,
  codecs: async () => (await import('./codecs.ts')).addCodecs,
  contract: async () => (await import('./contract.ts')).addContract,
  compat: async () => (await import('./compat.ts')).addCompat,
  gen: async () => (await import('./gen.ts')).addGen,
  keys: async () => (await import('./keys.ts')).addKeys,
  trust: async () => (await import('./trust.ts')).addTrust,
  bench: async () => (await import('./bench/bench.ts')).addBench,
  explain: async () => (await import('./explain.ts')).addExplain,
}

const isCommand = (word = ''): boolean => Object.hasOwn(commands, word)

/** With the command that is named; with all of them for help, and for what is none. */
async function createProgram(word: string | undefined): Promise<Command> {
  const { version } = createRequire(import.meta.url)('earshot/package.json') as { version: string }
  const program = new Command('earshot')
    .description('Looks into a mesh of Earshot peers, and talks with them: no broker, no source.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', epilogue)
  const wanted = isCommand(word) ? [word as string] : Object.keys(commands)
  for (const add of await Promise.all(wanted.map((name) => commands[name]?.()))) add?.(program)
  return program
}

async function main(words: readonly string[]): Promise<void> {
  survivePipe(requestStop)
  try {
    if (words.length === 0) throw noCommand()
    const program = await createProgram(words[0])
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    end(error, words)
  }
}

function noCommand(): Failure {
  const names = Object.keys(commands).join(', ')
  return new Failure(exitCodes.usage, 'which command?', `earshot --help, or one of ${names}`)
}

function end(error: unknown, words: readonly string[]): void {
  const failure = error instanceof CommanderError ? usageOf(error, words) : toFailure(error)
  if (!failure) return
  const { message, next, exitCode, details } = failure
  if (words.includes('--json')) print(jsonText(documentOf(failure)))
  const code = details.code ? ` (${details.code})` : ''
  say(`${paint('red', 'earshot:', process.stderr)} ${visible(message + code)}`)
  say(`${paint('cyan', 'next:', process.stderr)} ${visible(next)}`)
  process.exitCode = exitCode
}

/** Help and version end a command, too, but are no failure. */
function usageOf(error: CommanderError, [command]: readonly string[]): Failure | undefined {
  if (error.exitCode === 0) return undefined
  const [message = ''] = error.message.replace(/^error: /, '').split('\n')
  const guess = /\(Did you mean (.+)\?\)/.exec(error.message)?.[1]
  const help = isCommand(command) ? `see earshot ${command} --help` : 'see earshot --help'
  const next = guess ? `did you mean ${guess}?` : help
  return new Failure(exitCodes.usage, message, next)
}

await main(process.argv.slice(2))
