// Owns `earshot gen`: typed modules from .avsc and .proto files, and from contracts the schemas of
// other languages and codecs made ahead of time. Never writes a file that it was not told to.

import { mkdirSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { type Command, Option } from 'commander'
import {
  type AnyContract,
  codecsModule,
  contractsToTypeScript,
  fromAvro,
  fromProto,
  type ProtoOptions,
  type Shape,
  toAvro,
  toJsonSchema,
  toProto,
  toTypeScript,
} from 'earshot'
import { wrongUsage } from './failure.ts'
import { jsonFileText, writeFileAtOnce } from './json-file.ts'
import { loadContracts, readText } from './load-contracts.ts'
import { protoImports } from './proto-imports.ts'
import { print, say, visible } from './terminal.ts'

const targets = ['typescript', 'avro', 'proto', 'json-schema', 'codecs'] as const

interface GenOptions {
  readonly to: (typeof targets)[number]
  readonly out?: string
  readonly int64: 'number' | 'bigint'
  readonly partial?: boolean
  readonly include: readonly string[]
}

/** Text by the name of its file. */
type Files = ReadonlyMap<string, string>

export function addGen(program: Command): void {
  const to = new Option('--to <what>', 'what to write').choices([...targets])
  const int64 = new Option('--int64 <type>', 'what 64-bit integers of a schema are in TypeScript')
  const include = new Option(
    '-I, --include <folder>',
    'where imports of a .proto file are; repeatable',
  )
  program
    .command('gen')
    .summary('typed modules from .avsc and .proto, schemas and codecs from contracts')
    .description('Writes what follows from a schema or from the contracts of a module.')
    .argument(
      '<source>',
      '.avsc, .proto, a module that exports contracts, or a description (.json)',
    )
    .addOption(to.default('typescript'))
    .option('-o, --out <folder>', 'the folder to write into; default: one file goes to stdout')
    .addOption(int64.choices(['number', 'bigint']).default('number'))
    .addOption(
      include.default([]).argParser((folder, known: readonly string[]) => [...known, folder]),
    )
    .option('--partial', 'leave out what a .proto file has and this version cannot read')
    .action(run)
}

async function run(source: string, options: GenOptions): Promise<void> {
  const files = await filesOf(source, options)
  const [only] = files.values()
  if (options.out === undefined) {
    if (files.size > 1 || only === undefined) {
      throw wrongUsage(`that is ${files.size} files`, 'say where: --out <folder>')
    }
    print(only.trimEnd())
    return
  }
  mkdirSync(options.out, { recursive: true })
  for (const [name, text] of files) {
    const path = join(options.out, name)
    writeFileAtOnce(path, text)
    say(`wrote ${visible(path)}`)
  }
}

async function filesOf(source: string, options: GenOptions): Promise<Files> {
  const stem = basename(source, extname(source))
  const extension = extname(source)
  if (extension === '.avsc') {
    onlyTypeScript(options, source)
    const shape = fromAvro(readText(source), { int64: options.int64 })
    return new Map([[`${stem}.ts`, toTypeScript({ [stem]: shape })]])
  }
  if (extension === '.proto' && options.to === 'typescript')
    return protoFiles(source, stem, options)
  const contracts =
    extension === '.proto'
      ? fromProto(readText(source), protoOptions(source, options)).contracts
      : await loadContracts(source)
  return contractFiles(contracts, stem, options.to)
}

function onlyTypeScript({ to }: GenOptions, source: string): void {
  if (to === 'typescript') return
  throw wrongUsage(`--to ${to} needs contracts`, `${visible(source)} has a type alone`)
}

/** Its contracts, or its messages where it has no service. */
function protoFiles(source: string, stem: string, options: GenOptions): Files {
  const { messages, contracts, refused } = fromProto(
    readText(source),
    protoOptions(source, options),
  )
  for (const [name, { message }] of refused) say(`left out ${visible(`${name}: ${message}`)}`)
  const text =
    contracts.length > 0
      ? contractsToTypeScript(contracts)
      : toTypeScript(Object.fromEntries(messages))
  return new Map([[`${stem}.ts`, text]])
}

function protoOptions(source: string, { int64, partial, include }: GenOptions): ProtoOptions {
  return { int64, partial: partial === true, imports: protoImports(source, include) }
}

function contractFiles(
  contracts: readonly AnyContract[],
  stem: string,
  to: GenOptions['to'],
): Files {
  switch (to) {
    case 'typescript':
      return new Map([[`${stem}.ts`, contractsToTypeScript(contracts)]])
    case 'codecs':
      return new Map([[`${stem}.codecs.js`, codecsModule(contracts)]])
    case 'proto':
      return new Map(contracts.map((one) => [`${one.name}.proto`, toProto(one)]))
    case 'avro':
      return partFiles(contracts, '.avsc', toAvro)
    case 'json-schema':
      return partFiles(contracts, '.schema.json', toJsonSchema)
  }
}

/** A file for each body, reply and all errors of a channel: `shop.orders.place.reply.avsc`. */
function partFiles(
  contracts: readonly AnyContract[],
  ending: string,
  write: (shape: Shape) => unknown,
): Files {
  const files = new Map<string, string>()
  for (const { name, channels } of contracts) {
    for (const channel of channels) {
      const path = `${name}.${channel.name}`
      files.set(`${path}${ending}`, jsonFileText(write(channel.shape)))
      const { replyShape, errorShape } = channel
      if (replyShape) files.set(`${path}.reply${ending}`, jsonFileText(write(replyShape)))
      if (errorShape) files.set(`${path}.errors${ending}`, jsonFileText(write(errorShape)))
    }
  }
  return files
}
