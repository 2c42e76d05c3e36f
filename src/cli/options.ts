// Owns the options that commands share, and what their texts mean. Never acts on them.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { type CodecName, codecNames, type Listen } from 'earshot'

const MAX_NUMBER = 2 ** 31 - 1

export interface JsonOptions {
  readonly json?: boolean
}

export interface MeshOptions extends JsonOptions {
  readonly mesh: string
  /** ms to look for peers. */
  readonly wait: number
}

/** `--json`, for all commands. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON: one document, or one line each for a stream')
}

/** `--mesh` and `--json`, for commands that join a mesh. */
export function withMeshName(command: Command, text: string): Command {
  const mesh = new Option('-m, --mesh <name>', text)
  const name = process.env.EARSHOT_MESH || 'default'
  return withJson(command.addOption(mesh.default(name, '$EARSHOT_MESH, or default')))
}

/** `--mesh`, `--wait` and `--json`, for commands that look for peers. */
export function withMesh(command: Command): Command {
  const wait = new Option('-w, --wait <ms>', 'how long to look for peers; ends early when found')
  return withMeshName(command, 'the mesh to look in').addOption(
    wait.default(1_000).argParser(wholeNumber),
  )
}

/** `--listen`, for commands that may be reached from other hosts. */
export function withListen(command: Command): Command {
  const text = 'host, lan, or an address with or without :port; lan needs $EARSHOT_SECRET'
  return command.addOption(new Option('--listen <where>', text).argParser(listenOn))
}

function listenOn(text: string): Listen {
  if (text === 'host' || text === 'lan') return text
  const [, host, port] = /^([0-9A-Za-z_.-]+)(?::(\d{1,5}))?$/.exec(text) ?? []
  if (host !== undefined) return port === undefined ? { host } : { host, port: Number(port) }
  throw new InvalidArgumentError('host, lan, 10.0.0.7 or 10.0.0.7:4000 is wanted.')
}

/** `--codec`. */
export function withCodec(command: Command, text: string): Command {
  return command.addOption(new Option('--codec <name>', text).choices([...codecNames]))
}

export function wholeNumber(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value <= MAX_NUMBER) return value
  throw new InvalidArgumentError('A whole number is wanted.')
}

export function countingNumber(text: string): number {
  const value = wholeNumber(text)
  if (value > 0) return value
  throw new InvalidArgumentError('A whole number from 1 is wanted.')
}

/** `k=v`, collected over several `--header`. */
export function header(
  text: string,
  others: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at > 0) return { ...others, [text.slice(0, at)]: text.slice(at + 1) }
  throw new InvalidArgumentError('A header is name=value.')
}

export function isCodec(name: string): name is CodecName {
  return (codecNames as readonly string[]).includes(name)
}
