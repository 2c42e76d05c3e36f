// Owns `earshot call`: one call to one peer, or to all for a scatter, typed by the peer's own
// contract.
// Never calls another peer than the one it names.

import type { Command } from 'commander'
import {
  bodyToJson,
  type CallOptions,
  type CodecName,
  defaultLimits,
  encode,
  type Peer,
  staticPeers,
  systemClock,
} from 'earshot'
import { checkedBody, readJson } from './body.ts'
import { callDuplex, callScatter, callStream } from './call-many.ts'
import { chooseCodec } from './choose-codec.ts'
import { nameOf } from './door.ts'
import { exitCodes, Failure, stopped } from './failure.ts'
import { type Found, findChannel } from './find-channel.ts'
import { hearAll } from './hear-all.ts'
import { countingNumber, header, type MeshOptions, withCodec, withMesh } from './options.ts'
import { lookUntil, stop } from './stop.ts'
import { jsonText, print, say, visible } from './terminal.ts'
import { visit } from './visit.ts'

interface CallCommandOptions extends MeshOptions {
  readonly codec?: CodecName
  readonly timeout: number
  readonly header?: Readonly<Record<string, string>>
  readonly peer?: string
  readonly verbose?: boolean
  readonly count?: number
}

interface Outcome {
  /** The reply, or what became of a notification: JSON values. */
  readonly answer: unknown
  readonly requestBytes: number
  readonly replyBytes: number | undefined
  readonly latencyMs: number
}

const examples = `
Examples:
  $ earshot call shop.orders/place '{"sku":"x","n":1}'
  $ earshot call place '{"sku":"x","n":1}' --codec protobuf --verbose
  $ echo '{"sku":"x","n":1}' | earshot call shop.orders/place - --peer orders --json
  $ earshot call shop.orders/watch '{"sku":"x"}' | jq .price    # a stream, until Ctrl-C
  $ earshot call shop.orders/chat -                             # a duplex: a JSON a line
  $ earshot call shop.orders/quote '{"sku":"x"}' --timeout 200  # a scatter: all who serve it`

export function addCall(program: Command): void {
  const command = program
    .command('call')
    .summary('ask a peer, or notify it')
    .description('Calls a peer that serves the channel; prints the reply, or items as they come.')
    .argument('<channel>', 'shop.orders/place, or place alone')
    .argument('[json]', 'the body; - reads it from stdin', undefined)
    .option('-t, --timeout <ms>', 'for the answer', countingNumber, defaultLimits.requestTimeoutMs)
    .option('-H, --header <name=value>', 'a header; may be given several times', header)
    .option('-p, --peer <name|id>', 'this peer and no other')
    .option('-n, --count <n>', 'end a stream after so many items', countingNumber)
    .option('-v, --verbose', 'also which peer, codec, bytes and time, on stderr')
    .addHelpText('after', examples)
  withMesh(withCodec(command, 'the codec; default: what the peer likes best')).action(call)
}

async function call(
  channel: string,
  argument: string | undefined,
  options: CallCommandOptions,
): Promise<void> {
  const early = argument === '-' ? undefined : await readJson(argument)
  const { mesh, wait, peer: from } = options
  const found = await visit({ mesh }, (peer) =>
    findChannel(peer, {
      channel,
      waitMs: wait,
      kinds: ['request', 'notification', 'stream', 'duplex', 'scatter'],
      served: true,
      ...(from !== undefined && { from }),
    }),
  )
  const { definition } = found
  const codec = chooseCodec(found, options.codec)
  const isDialogue = definition.kind === 'duplex' && argument === '-'
  const json = argument === '-' && !isDialogue ? await readJson(argument) : early
  const body = isDialogue ? undefined : checkedBody(definition, json)
  // A second visit that knows one peer only: so it is the one that is named, and its contract fits.
  const isToAll = definition.kind === 'scatter' && from === undefined
  const discovery = isToAll ? {} : { discovery: [staticPeers([found.remote.endpoint])] }
  await visit({ mesh, ...discovery, codecs: [codec] }, async (peer) => {
    if (isToAll) await hearAll(peer, wait)
    else await reach(peer, found.remote)
    if (definition.kind === 'stream') await callStream(peer, found, body, options)
    else if (definition.kind === 'duplex') await callDuplex(peer, found, body, options)
    else if (definition.kind === 'scatter') await callScatter(peer, found, body, options)
    else show(found, codec, await callOne(peer, found, codec, body, options), options)
  })
}

async function callOne(
  peer: Peer,
  { rebuilt, definition }: Found,
  codec: CodecName,
  body: unknown,
  { timeout, header: headers }: CallCommandOptions,
): Promise<Outcome> {
  const methods = peer.client(rebuilt) as Readonly<
    Record<string, (body: unknown, options: CallOptions) => Promise<unknown>>
  >
  const method = methods[definition.name] as (typeof methods)[string]
  const startMs = systemClock.nowMs()
  const timeoutMs = timeout
  const reply = await method(body, { timeoutMs, signal: stop, ...(headers && { headers }) })
  const latencyMs = Math.round((systemClock.nowMs() - startMs) * 100) / 100
  const requestBytes = encode(definition, codec, body).length
  if (definition.kind === 'notification') {
    return { answer: reply, requestBytes, replyBytes: undefined, latencyMs }
  }
  const replyBytes = encode(definition, codec, reply, 'reply').length
  const answer = bodyToJson(definition, reply, 'reply')
  return { answer, requestBytes, replyBytes, latencyMs }
}

/** The peer was there a moment ago; it may have died since. */
async function reach(peer: Peer, remote: Found['remote']): Promise<void> {
  const isThere = () => (peer.peers().some(({ id }) => id === remote.id) ? true : undefined)
  if (await lookUntil(isThere, defaultLimits.dialTimeoutMs)) return
  if (stop.aborted) throw stopped()
  const text = `${nameOf(remote)} was there a moment ago and does not answer any more`
  const next = 'run it again: another peer may serve it'
  throw new Failure(exitCodes.failed, text, next, { code: 'EARSHOT_PEER_GONE' })
}

function show(found: Found, codec: CodecName, outcome: Outcome, options: CallCommandOptions): void {
  const { answer, requestBytes, replyBytes, latencyMs } = outcome
  const { remote, title, definition } = found
  if (options.json) {
    const result = definition.kind === 'request' ? { reply: answer } : { verdict: answer }
    const { id, name } = remote
    const facts = { channel: title, peer: { id, name }, codec, requestBytes, replyBytes, latencyMs }
    print(jsonText({ ...result, ...facts }))
    return
  }
  print(jsonText(answer, 2))
  if (!options.verbose) return
  const back = replyBytes === undefined ? '' : `, reply ${replyBytes} bytes`
  say(visible(`${nameOf(remote)}, ${remote.transport}, ${codec}`))
  say(`request ${requestBytes} bytes${back}, ${latencyMs} ms`)
}
