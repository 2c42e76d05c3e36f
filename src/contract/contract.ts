// Owns contracts: a name, a version, channels by name; checked when they are defined.
// Never knows who serves one.

import { createHash } from 'node:crypto'
import { checkOptions, nameFault } from '../base/arguments.ts'
import { type Overflow, overflows } from '../base/bounded-queue.ts'
import { EarshotError } from '../base/errors.ts'
import { shapeId } from './canonical.ts'
import {
  type Channel,
  type ChannelDraft,
  type ChannelKind,
  type ChannelOf,
  type CodecLabel,
  channelKinds,
  isAnswered,
} from './channel.ts'
import { checkErrors, errorShapeOf } from './declared-errors.ts'
import { shapeOf } from './from-typebox.ts'
import { checkContract } from './given.ts'
import { type Lock, type LockedContract, lockKey, numberingOf, parseLock } from './lock.ts'
import type { RecordShape, Shape } from './shape.ts'
import { checkAvroTypes } from './union-box.ts'
import { checkWireNames } from './wire-names.ts'

export type Drafts = Readonly<Record<string, ChannelDraft>>

/** What every contract has; no channel may be called so. */
export interface ContractCore {
  readonly name: string
  readonly version: string
  readonly major: number
  /** SHA-256 over all channels. */
  readonly id: string
  readonly channels: readonly Channel[]
}

/** A contract: its channels are properties by their names. */
export type Contract<D extends Drafts = Drafts> = ContractCore & {
  readonly [N in keyof D]: ChannelOf<D[N]>
}

/** Any contract, when its channels do not matter. */
export type AnyContract = ContractCore

const RESERVED = ['name', 'version', 'major', 'id', 'channels', 'constructor', '__proto__', 'then']
const NAME = /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*$/
const VERSION = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/
const CHANNEL = /^[A-Za-z][A-Za-z0-9_]*$/
const MAX_CONTRACT_NAME = 128
const MAX_CHANNEL_NAME = 64
const MAX_DELAY_MS = 1_000
const CODECS: readonly CodecLabel[] = ['json', 'msgpack', 'avro', 'protobuf']

/** `overflow` of a stream has a refusal of its own, with the reason. */
const ofAll = ['codecs', 'delayMs', 'overflow']
const optionsOf: Readonly<Record<ChannelKind, readonly string[]>> = {
  request: [...ofAll, 'errors', 'idempotent'],
  scatter: [...ofAll, 'errors'],
  notification: ofAll,
  event: [...ofAll, 'key'],
  stream: [...ofAll, 'errors'],
  duplex: [...ofAll, 'errors'],
}

export interface ContractOptions {
  /**
   * Numbers of fields, branches and symbols come from here; what is new gets the next ones, and
   * `earshot contract check` asks for them to be locked. Without it, declaration order counts.
   */
  readonly lock?: Lock
}

/**
 * Defines a contract.
 * @param name dotted words, at most 128 characters: `shop.orders`
 * @param version three numbers; peers of one major version understand each other
 * @throws EARSHOT_CONTRACT_INVALID for a name, version or channel that cannot be;
 * EARSHOT_SHAPE_UNSUPPORTED with the path of the type that the codecs cannot carry;
 * EARSHOT_LOCK_INVALID for a lock file that is damaged
 */
export function contract<const D extends Drafts>(
  name: string,
  version: string,
  drafts: D,
  options: ContractOptions = {},
): Contract<D> {
  checkOptions(options, ['lock'])
  const { lock } = options
  checkNames(name, version, drafts)
  const contracts = lock === undefined ? {} : (parseLock(lock).contracts ?? {})
  const key = lockKey(name, version)
  const locked = Object.hasOwn(contracts, key) ? contracts[key] : undefined
  const channels = Object.entries(drafts).map(([channel, draft]) =>
    define(name, version, channel, draft, locked),
  )
  return assemble<D>(name, version, channels)
}

/** A channel as plain data: what the door tells of it. */
export interface ChannelDescription {
  readonly name: string
  readonly kind: ChannelKind
  readonly shape: Shape
  readonly replyShape?: Shape
  readonly errorShape?: RecordShape
  readonly codecs?: readonly CodecLabel[]
  readonly idempotent?: boolean
  readonly key?: string
  readonly overflow?: Overflow
  readonly delayMs?: number
}

export interface ContractDescription {
  readonly name: string
  readonly version: string
  readonly channels: readonly ChannelDescription[]
}

/** The contract as plain JSON, for the door and for tools without its source. */
export function describeContract(described: AnyContract): ContractDescription {
  checkContract(described)
  return {
    name: described.name,
    version: described.version,
    channels: described.channels.map((channel) => ({
      name: channel.name,
      kind: channel.kind,
      shape: channel.shape,
      ...(channel.replyShape && { replyShape: channel.replyShape }),
      ...(channel.errorShape && { errorShape: channel.errorShape }),
      ...(channel.codecs && { codecs: channel.codecs }),
      ...(channel.idempotent && { idempotent: true }),
      ...(channel.keyField !== undefined && { key: channel.keyField }),
      ...(channel.overflow && { overflow: channel.overflow }),
      ...(channel.delayMs > 0 && { delayMs: channel.delayMs }),
    })),
  }
}

/** Puts channels together; for `contract` and for the reader of descriptions. */
export function assemble<D extends Drafts>(
  name: string,
  version: string,
  channels: readonly Channel[],
): Contract<D> {
  const id = sha256(channels.map((channel) => `${channel.name}:${channel.id}`).join('\n'))
  const core: ContractCore = { name, version, major: Number.parseInt(version, 10), id, channels }
  const byName = Object.fromEntries(channels.map((channel) => [channel.name, channel]))
  const assembled = Object.freeze({ ...core, ...byName }) as Contract<D>
  for (const channel of channels) contracts.set(channel, assembled)
  return assembled
}

const contracts = new WeakMap<Channel, AnyContract>()

/**
 * The contract of a channel; for one that another copy of this package made, what it tells of it.
 */
export function contractOf(channel: Channel): AnyContract {
  return contracts.get(channel) ?? assemble(channel.contract, channel.version, [channel])
}

/** @throws EARSHOT_CONTRACT_INVALID */
export function checkNames(name: string, version: string, drafts: object): void {
  if (typeof name !== 'string' || !NAME.test(name) || name.length > MAX_CONTRACT_NAME) {
    throw invalid(`"${name}" is no name for a contract: dotted words like "shop.orders"`)
  }
  if (typeof version !== 'string' || !VERSION.test(version)) {
    throw invalid(
      `contract ${name} has version "${version}": three numbers like "1.2.0" are wanted`,
    )
  }
  for (const channel of Object.keys(drafts)) {
    if (RESERVED.includes(channel)) {
      throw invalid(`contract ${name} has a channel called "${channel}", which every contract has`)
    }
    if (!CHANNEL.test(channel) || channel.length > MAX_CHANNEL_NAME) {
      throw invalid(`"${channel}" in contract ${name} is no name for a channel: letters and digits`)
    }
  }
}

function define(
  contractName: string,
  version: string,
  name: string,
  draft: ChannelDraft,
  locked: LockedContract | undefined,
): Channel {
  const where = `${contractName}/${name}`
  if (!draft || !channelKinds.includes(draft.kind)) {
    throw invalid(`channel ${where} is made with ${channelKinds.join('(), ')}()`)
  }
  if (isAnswered(draft.kind) && !draft.reply) {
    throw invalid(`channel ${where} has one type: a ${draft.kind} has two`)
  }
  const unknown = nameFault(draft.options, optionsOf[draft.kind])
  if (unknown) throw invalid(`channel ${where}, a ${draft.kind}: ${unknown.message}`)
  const numbers = numberingOf(locked)
  const shape = shapeOf(draft.body, pascal(name), numbers)
  const replyShape = draft.reply && shapeOf(draft.reply, `${pascal(name)}Reply`, numbers)
  const { errors } = draft.options
  const errorShape = errors && errorShapeOf(where, errors, `${pascal(name)}Errors`, numbers)
  return createChannel(contractName, version, {
    name,
    kind: draft.kind,
    shape,
    ...(replyShape && { replyShape }),
    ...(errorShape && { errorShape }),
    ...(draft.options.codecs && { codecs: draft.options.codecs }),
    ...(draft.options.idempotent && { idempotent: true }),
    ...(draft.options.key !== undefined && { key: draft.options.key }),
    ...(draft.options.overflow !== undefined && { overflow: draft.options.overflow }),
    ...(draft.options.delayMs !== undefined && { delayMs: draft.options.delayMs }),
  })
}

/**
 * @throws EARSHOT_CONTRACT_INVALID for a key field or codecs that cannot be;
 * EARSHOT_SHAPE_UNSUPPORTED for names that Avro and Protobuf cannot tell apart
 */
export function createChannel(
  contractName: string,
  version: string,
  description: ChannelDescription,
): Channel {
  const { name, kind, shape, replyShape, errorShape, codecs, idempotent = false, key } = description
  const where = `${contractName}/${name}`
  if (key !== undefined && !(shape.kind === 'record' && shape.fields.some((f) => f.name === key))) {
    throw invalid(`channel ${where} has the key "${key}", which is no field of its body`)
  }
  if (codecs && (codecs.length === 0 || codecs.some((codec) => !CODECS.includes(codec)))) {
    throw invalid(`channel ${where} has codecs [${codecs}]: choose from ${CODECS.join(', ')}`)
  }
  checkFlow(where, description)
  checkErrors(where, kind, errorShape)
  const promised = codecs ?? CODECS
  const parts = [shape, replyShape, errorShape]
  if (promised.some((codec) => codec === 'avro' || codec === 'protobuf')) {
    for (const part of parts) if (part) checkWireNames(part)
  }
  if (promised.includes('avro')) {
    for (const part of parts) if (part) checkAvroTypes(part)
  }
  const major = Number.parseInt(version, 10)
  return Object.freeze({
    kind,
    name,
    key: `${contractName}/${major}/${name}`,
    contract: contractName,
    version,
    major,
    id: channelId(kind, shape, replyShape, errorShape),
    shape,
    replyShape,
    errorShape,
    codecs: codecs && [...codecs],
    idempotent,
    keyField: key,
    overflow: description.overflow,
    delayMs: description.delayMs ?? 0,
  })
}

function checkFlow(where: string, { kind, overflow, delayMs = 0 }: ChannelDescription): void {
  const isCall = kind === 'request' || kind === 'scatter'
  const possible = isCall ? overflows.slice(0, 2) : overflows
  if (overflow !== undefined && (kind === 'stream' || kind === 'duplex')) {
    throw invalid(`channel ${where} has an overflow: in a ${kind}, who sends always waits`)
  }
  if (overflow !== undefined && !possible.includes(overflow)) {
    throw invalid(`channel ${where} has overflow "${overflow}": choose ${possible.join(', ')}`)
  }
  if (typeof delayMs !== 'number' || !(delayMs >= 0 && delayMs <= MAX_DELAY_MS)) {
    throw invalid(`channel ${where} has delayMs ${delayMs}: 0 to ${MAX_DELAY_MS} are possible`)
  }
}

/** What two peers compare: SHA-256, hex, of kind and shapes. */
export function channelId(
  kind: ChannelKind,
  shape: Shape,
  replyShape: Shape | undefined,
  errorShape: Shape | undefined,
): string {
  const errors = errorShape ? `\n${shapeId(errorShape)}` : ''
  return sha256(`${kind}\n${shapeId(shape)}\n${replyShape ? shapeId(replyShape) : ''}${errors}`)
}

function pascal(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function invalid(message: string): EarshotError {
  return new EarshotError('EARSHOT_CONTRACT_INVALID', message)
}
