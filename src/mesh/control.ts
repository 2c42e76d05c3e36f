// Owns what the door answers: JSON in, JSON out, for tools and other languages.
// Never throws: a request that cannot be understood gets an answer that says so.

import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Channel } from '../contract/channel.ts'
import { contentTypeOf } from '../contract/content-type.ts'
import { type AnyContract, describeContract } from '../contract/contract.ts'
import type { Mesh } from './mesh.ts'

export interface ControlParts {
  readonly mesh: Mesh
  readonly health: () => Readonly<Record<string, unknown>>
  readonly stats: () => Readonly<Record<string, unknown>>
  /** Calls a channel on behalf of who asks; body and answer are JSON values. */
  readonly call: (request: DoorCall) => Promise<unknown>
}

export interface DoorCall {
  readonly contract: string
  readonly major: number | undefined
  readonly channel: string
  readonly body: unknown
  readonly timeoutMs: number | undefined
}

type Asked = Readonly<Record<string, unknown>>
type Operation = (parts: ControlParts, asked: Asked) => unknown

const operations: Readonly<Record<string, Operation>> = {
  hello: ({ mesh }) => ({ hello: mesh.parts.hello() }),
  describe: ({ mesh }) => ({ contracts: mesh.parts.catalog.contracts().map(described(mesh)) }),
  schema: schemaOf,
  peers: ({ mesh }) => ({ peers: mesh.peers(), unreached: mesh.membership.unreached() }),
  health: ({ health }) => ({ health: health() }),
  stats: ({ stats }) => ({ stats: stats() }),
  call: async ({ call }, asked) => ({
    reply: await call({
      contract: text(asked, 'contract'),
      major: asked.major === undefined ? undefined : whole(asked, 'major'),
      channel: text(asked, 'channel'),
      body: asked.body,
      timeoutMs: asked.timeoutMs === undefined ? undefined : whole(asked, 'timeoutMs'),
    }),
  }),
}

/** What the transport gives the bytes of the door to. */
export function createControl(parts: ControlParts): (request: Buffer) => Promise<Buffer> {
  return async (request) => {
    parts.mesh.parts.counters.doorRequests++
    try {
      const asked = parse(request)
      const operation = operationOf(asked)
      const answer = (await operation(parts, asked)) as object
      return Buffer.from(JSON.stringify({ ok: true, ...answer }))
    } catch (thrown) {
      return Buffer.from(JSON.stringify({ ok: false, error: toEarshotError(thrown) }))
    }
  }
}

function schemaOf({ mesh }: ControlParts, asked: Asked): unknown {
  const name = text(asked, 'contract')
  const known = mesh.parts.catalog.contracts().filter((contract) => contract.name === name)
  if (known.length > 0) return { contracts: known.map(described(mesh)) }
  throw refused(`contract "${name}" is not known here`)
}

/** As contracts are described, with the names that bodies have outside. */
function described({ parts }: Mesh): (contract: AnyContract) => unknown {
  return (contract) => {
    const { channels, ...rest } = describeContract(contract)
    const typed = channels.map((channel, index) => {
      const { key } = contract.channels[index] as Channel
      const codecs = channel.codecs ?? parts.catalog.spoken.codecs
      return { ...channel, contentTypes: codecs.map((codec) => contentTypeOf(key, codec)) }
    })
    return { ...rest, channels: typed }
  }
}

function parse(request: Buffer): Asked {
  let value: unknown
  try {
    value = JSON.parse(request.toString('utf8'))
  } catch (cause) {
    throw refused('a request at the door is JSON: {"op":"hello"}', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('a request at the door is a JSON object: {"op":"hello"}')
  }
  return value as Asked
}

function operationOf(asked: Asked): Operation {
  const { op } = asked
  const operation =
    typeof op === 'string' && Object.hasOwn(operations, op) ? operations[op] : undefined
  if (operation) return operation
  throw refused(`there is no op "${String(op)}": ${Object.keys(operations).join(', ')}`)
}

function text(asked: Asked, name: string): string {
  const value = asked[name]
  if (typeof value === 'string') return value
  throw refused(`"${name}" must be a text`)
}

function whole(asked: Asked, name: string): number {
  const value = asked[name]
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw refused(`"${name}" must be a whole number`)
}

function refused(message: string, cause?: unknown): EarshotError {
  return new EarshotError('EARSHOT_DOOR', message, { cause })
}
