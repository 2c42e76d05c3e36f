// Owns `earshot trust`: who stands on an allow list, putting a key on it, taking one off.
// Never adds what could not be read back, and never touches the other lines.

import { appendFileSync, existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { type AllowFile, isEarshotError, parseAllowFile, type Trusted } from 'earshot'
import { listFile } from './environment.ts'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import { writeFileAtOnce } from './json-file.ts'
import { type JsonOptions, withJson } from './options.ts'
import { type Column, tableLines } from './table.ts'
import { jsonText, paint, print, terminalColumns, visible } from './terminal.ts'

interface TrustOptions extends JsonOptions {
  readonly list: string
  readonly role?: readonly string[]
}

/** Others may read who is let in; only its owner may write it. */
const LIST_MODE = 0o644
const OTHERS_MAY_WRITE = 0o022

const columns: readonly Column[] = [
  { title: 'NAME', shrinks: true },
  { title: 'ROLES', shrinks: true },
  { title: 'FINGERPRINT' },
]

const examples = `
Examples:
  $ earshot trust add <public key> orders --role web --role ops
  $ earshot trust list
  $ earshot trust remove orders      its links are closed within a second`

export function addTrust(program: Command): void {
  const trust = program
    .command('trust')
    .summary('who is let in: list, add, remove')
    .description('Reads and writes an allow list: public keys, with a name and roles each.')
    .addHelpText('after', examples)
  const ofList = (command: Command) => {
    const text = 'the allow list; default: $EARSHOT_ALLOW, or earshot.allow'
    return withJson(command.option('-l, --list <file>', text, listFile()))
  }
  ofList(trust.command('list').summary('who is let in')).action(list)
  ofList(
    trust
      .command('add')
      .summary('let a key in')
      .argument('<key>', 'a public key, as earshot keys show prints it')
      .argument('<name>', 'what its peer is called in the list')
      .option('-r, --role <role>', 'a role; may be given several times', collected),
  ).action(add)
  ofList(
    trust
      .command('remove')
      .summary('let a key in no longer')
      .argument('<who>', 'a name, a fingerprint or a public key'),
  ).action(remove)
}

function list({ list: file, json }: TrustOptions): void {
  const { trusted, errors } = read(file)
  if (json) {
    const bad = errors.map(({ message, data }) => ({ message, ...data }))
    print(jsonText({ file, trusted: [...trusted.values()].map(plain), errors: bad }))
  } else if (trusted.size > 0) {
    const rows = [...trusted.values()].map(({ name, roles, key }) => [name, roles.join(','), key])
    const [head = '', ...lines] = tableLines(columns, rows, terminalColumns())
    for (const line of [paint('dim', head), ...lines]) print(line)
  } else print(`${visible(file)} lets nobody in`)
  const [first] = errors
  if (first) throw first
}

function add(key: string, name: string, { list: file, role = [], json }: TrustOptions): void {
  const line = [key, name, ...(role.length > 0 ? [role.join(',')] : [])].join(' ')
  const text = existsSync(file) ? textOf(file) : ''
  const one = soleEntry(line)
  const known = parseAllowFile(file, text).trusted.get(one.curveKey)
  if (known) {
    const next = `earshot trust remove ${known.name}, then add it anew`
    throw new Failure(exitCodes.failed, `${file} has this key already: ${known.name}`, next)
  }
  // Appended: what others add at the same time stays.
  const gap = text === '' || text.endsWith('\n') ? '' : '\n'
  try {
    appendFileSync(file, `${gap}${line}\n`, { mode: LIST_MODE })
  } catch (error) {
    throw unusable(file, codeOf(error))
  }
  if (json) print(jsonText({ file, added: plain(one) }))
  else print(`${visible(one.name)} is let in: ${one.key}`)
}

function remove(who: string, { list: file, json }: TrustOptions): void {
  read(file)
  const path = realpathSync(file)
  const lines = readFileSync(path, 'utf8').split('\n')
  const entries = lines.map((line) => [...parseAllowFile(file, line).trusted.values()][0])
  const removed = entries.filter((one): one is Trusted => one !== undefined && isCalled(one, who))
  if (removed.length === 0) {
    const text = `${file} has nobody called "${who}"`
    throw new Failure(exitCodes.failed, text, 'earshot trust list shows who is on it')
  }
  const names = removed.map(({ name, key }) => `${name} ${key}`)
  if (removed.length > 1) throw wrongUsage(`"${who}" means several`, `say which: ${names}`)
  const kept = lines.filter((_, at) => !removed.includes(entries[at] as Trusted))
  writeFileAtOnce(path, kept.join('\n'), LIST_MODE)
  if (json) print(jsonText({ file, removed: removed.map(plain) }))
  else for (const name of names) print(`let in no longer: ${visible(name)}`)
}

/** @throws Failure for a list that is not there */
function read(file: string): AllowFile {
  if (existsSync(file)) return parseAllowFile(file, textOf(file))
  const next = 'earshot trust add <public key> <name> begins one, or name another: --list'
  throw new Failure(exitCodes.failed, `there is no allow list ${file}`, next)
}

/** @throws Failure for what peers would not read either: then they let nobody in */
function textOf(file: string): string {
  try {
    const found = statSync(file)
    if (!found.isFile()) throw unusable(file, 'it is no file')
    if (process.platform !== 'win32' && (found.mode & OTHERS_MAY_WRITE) !== 0) {
      const text = `${file} can be written by others: peers let nobody in by it`
      throw new Failure(exitCodes.failed, text, `chmod go-w ${file}`)
    }
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Failure) throw error
    throw unusable(file, codeOf(error))
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

function unusable(file: string, why: string): Failure {
  return new Failure(exitCodes.failed, `${file} cannot be used: ${why}`, 'name another: --list')
}

/** @throws Failure with what is wrong about the words that were given */
function soleEntry(line: string): Trusted {
  const { trusted, errors } = parseAllowFile('', line)
  const [one] = trusted.values()
  const [error] = errors
  if (one && trusted.size === 1 && !error) return one
  const why = isEarshotError(error) ? error.message.replace(/^:1 /, '') : 'is empty'
  throw wrongUsage(`what you would add ${why}`, 'see earshot trust add --help')
}

function isCalled({ name, key, publicKey }: Trusted, who: string): boolean {
  return [name, key, publicKey].includes(who)
}

function plain({ name, key: fingerprint, publicKey, roles }: Trusted): object {
  return { name, fingerprint, publicKey, roles }
}

function collected(role: string, others: readonly string[] = []): readonly string[] {
  return [...others, role]
}
