// The command line of the chat.

import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import type { CodecName } from 'earshot'
import { cleanText } from './clean-text.ts'

const codecs: readonly CodecName[] = ['avro', 'protobuf', 'msgpack', 'json']
const MAX_NAME = 40

export const usage = `usage: npm run chat -- [--name ada] [--room tea] [--mesh chat] [--codec avro]

  --name   what the others call you (default: your user name)
  --room   who is in one room hears each other (default: lobby)
  --mesh   keeps groups apart (default: chat)
  --codec  the one you prefer: json, msgpack, avro or protobuf (default: avro)
  --help   this text

In the room: a line is said to all; /who, /help, /quit.`

export interface ChatOptions {
  readonly name: string
  readonly room: string
  readonly mesh: string
  /** The preferred one first; the others for those who prefer another. */
  readonly codecs: readonly CodecName[]
  readonly help: boolean
}

/** @throws Error with one sentence */
export function readOptions(args: readonly string[]): ChatOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      name: { type: 'string' },
      room: { type: 'string', default: 'lobby' },
      mesh: { type: 'string', default: 'chat' },
      codec: { type: 'string', default: 'avro' },
      help: { type: 'boolean', default: false },
    },
  })
  const preferred = codecs.find((codec) => codec === values.codec)
  if (!preferred) throw new Error(`--codec ${values.codec} is none of ${codecs.join(', ')}`)
  return {
    name: checked('--name', values.name ?? userName()),
    room: checked('--room', values.room),
    mesh: checked('--mesh', values.mesh),
    codecs: [preferred, ...codecs.filter((codec) => codec !== preferred)],
    help: values.help,
  }
}

function checked(option: string, value: string): string {
  const isVisible = value.trim() !== '' && cleanText(value) === value
  if (isVisible && value.length <= MAX_NAME) return value
  throw new Error(`${option} must be 1 to ${MAX_NAME} characters that can be seen`)
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container the user may have no name.
    return 'guest'
  }
}
