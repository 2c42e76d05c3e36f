// Owns writing a contract as one .proto file: its messages, and a service for its requests and
// streams.
// Never writes what Protobuf has no word for: events, scatter and raw bytes are told in comments.

import type { Channel, ChannelKind } from './channel.ts'
import type { AnyContract } from './contract.ts'
import { ProtoFile } from './to-proto.ts'

/**
 * The .proto file (proto3) of a contract. Requests, notifications, streams and duplex are rpcs of
 * a service; what a channel of bytes carries has no message.
 * @throws EARSHOT_SHAPE_UNSUPPORTED when two types of the contract have one name
 */
export function toProto(contract: AnyContract): string {
  const file = new ProtoFile()
  const scope = `.${contract.name.replaceAll('-', '_')}`
  const lines: string[] = []
  let usesEmpty = false
  for (const channel of contract.channels) {
    const name = pascal(channel.name)
    const body = file.add(channel.shape, name)
    const reply = channel.replyShape && file.add(channel.replyShape, `${name}Reply`)
    const errors = channel.errorShape && file.add(channel.errorShape, `${name}Errors`)
    if (errors !== undefined) lines.push(`  // ${channel.name} may fail with ${scope}.${errors}`)
    if (isTold(channel) || body === undefined || (channel.replyShape && !reply)) {
      const type = body ?? channel.shape.kind
      lines.push(`  // ${channel.kind} ${channel.name}: ${type}${answer(channel, reply)}`)
      continue
    }
    usesEmpty ||= reply === undefined
    const [sends, gives] = streamed[channel.kind] ?? ['', '']
    const returned = reply === undefined ? '.google.protobuf.Empty' : `${scope}.${reply}`
    lines.push(`  rpc ${name}(${sends}${scope}.${body}) returns (${gives}${returned});`)
  }
  const last = contract.name.slice(contract.name.lastIndexOf('.') + 1)
  const service = `service ${pascal(last).replaceAll('-', '_')} {\n${lines.join('\n')}\n}\n`
  const empty = usesEmpty ? 'import "google/protobuf/empty.proto";\n\n' : ''
  const head = `// ${contract.name} ${contract.version}\nsyntax = "proto3";\n\n`
  return `${head}package ${scope.slice(1)};\n\n${empty}${file.text}\n${service}`
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
