// Owns writing a contract as one .proto file: its messages, and a service for its requests and
// streams.
// Never writes what Protobuf has no word for: events, scatter and raw bytes are told in comments.

import type { Channel, ChannelKind } from './channel.ts'
import type { AnyContract } from './contract.ts'
import { checkContract } from './given.ts'
import { apart } from './proto-names.ts'
import type { Shape } from './shape.ts'
import { ProtoFile } from './to-proto.ts'

/**
 * The .proto file (proto3) of a contract. Requests, notifications, streams and duplex are rpcs of
 * a service; what a channel of bytes carries has no message.
 * @throws EARSHOT_SHAPE_UNSUPPORTED when two types of the contract have one name
 */
export function toProto(contract: AnyContract): string {
  checkContract(contract)
  const scope = `.${contract.name.replaceAll('-', '_')}`
  const file = new ProtoFile(contract.channels.flatMap(shapesOf), `${scope}.`)
  const lines: string[] = []
  let usesEmpty = false
  const calls = apart(contract.channels.map((channel) => pascal(channel.name)))
  contract.channels.forEach((channel, index) => {
    const name = pascal(channel.name)
    const body = file.add(channel.shape, name)
    const reply = channel.replyShape && file.add(channel.replyShape, `${name}Reply`)
    const errors = channel.errorShape && file.add(channel.errorShape, `${name}Errors`)
    if (errors !== undefined) lines.push(`  // ${channel.name} may fail with ${scope}.${errors}`)
    if (isTold(channel) || body === undefined || (channel.replyShape && !reply)) {
      const type = body ?? channel.shape.kind
      lines.push(`  // ${channel.kind} ${channel.name}: ${type}${answer(channel, reply)}`)
      return
    }
    usesEmpty ||= reply === undefined
    const [sends, gives] = streamed[channel.kind] ?? ['', '']
    const returned = reply === undefined ? '.google.protobuf.Empty' : `${scope}.${reply}`
    const call = `${calls[index]}(${sends}${scope}.${body})`
    lines.push(`  rpc ${call} returns (${gives}${returned});`)
  })
  const last = contract.name.slice(contract.name.lastIndexOf('.') + 1)
  const name = file.fresh(pascal(last).replaceAll('-', '_'))
  const service = `service ${name} {\n${lines.join('\n')}\n}\n`
  const empty = usesEmpty ? 'import "google/protobuf/empty.proto";\n\n' : ''
  const head = `// ${contract.name} ${contract.version}\nsyntax = "proto3";\n\n`
  return `${head}package ${scope.slice(1)};\n\n${empty}${file.text}\n${service}`
}

function shapesOf({ shape, replyShape, errorShape }: Channel): Shape[] {
  return [shape, replyShape, errorShape].filter((part) => part !== undefined)
}

/** What stands before the two types of an rpc. */
const streamed: { readonly [kind in ChannelKind]?: readonly [string, string] } = {
  stream: ['', 'stream '],
  duplex: ['stream ', 'stream '],
}

function isTold({ kind }: Channel): boolean {
  return kind === 'event' || kind === 'scatter'
}

function answer({ replyShape }: Channel, reply: string | undefined): string {
  return replyShape ? ` → ${reply ?? replyShape.kind}` : ''
}

function pascal(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
