// The plan of the demo: which processes there are, which peers live in them, and the parts of the
// show, each with the process that it depends on. Whatever is not ticked off at the end has failed.

import type { CodecName } from 'earshot'

export const codecs: readonly CodecName[] = ['json', 'msgpack', 'avro', 'protobuf']

export type Role = 'stock' | 'billing' | 'shipping' | 'till'

export const roles: readonly Role[] = ['stock', 'billing', 'shipping', 'till']

/** Those who hear of each sale. */
export const listeners: readonly Role[] = ['billing', 'shipping']

/** The till has one peer a codec, which speaks nothing else; the others speak all four. */
export const tillPeers: readonly string[] = codecs.map((codec) => `till-${codec}`)

export const peerNames: readonly string[] = ['stock', ...listeners, ...tillPeers]

export interface Part {
  readonly name: string
  /** If this process dies, the part has failed. */
  readonly by: Role
  /** Parts of one section are told together. */
  readonly section: string
}

export const eventPart = (codec: CodecName, listener: string) => `${codec} event at ${listener}`

export const parts: readonly Part[] = [
  ...roles.map((by): Part => ({ name: `start of ${by}`, by, section: 'start' })),
  ...roles.map((by): Part => ({ name: `discovery by ${by}`, by, section: 'discovery' })),
  ...codecs.flatMap((codec): Part[] => [
    { name: `${codec} request`, by: 'till', section: codec },
    { name: `${codec} notification`, by: 'stock', section: codec },
    ...listeners.map((by): Part => ({ name: eventPart(codec, by), by, section: codec })),
  ]),
  { name: 'bytes', by: 'till', section: 'bytes' },
  { name: 'latency', by: 'till', section: 'latency' },
  ...roles.map((by): Part => ({ name: `goodbye of ${by}`, by, section: 'goodbye' })),
]
