// Owns every bound of the product: name, unit, default, reason. One row a limit.
// What happens at a limit is counted where it happens, and shown by `peer.stats()`.

import { EarshotError } from './errors.ts'

export interface LimitRow {
  readonly unit: 'bytes' | 'messages' | 'ms' | 'items' | 'levels' | 'peers' | 'per second'
  readonly value: number
  readonly why: string
}

export const limitTable = {
  maxFrameBytes: {
    value: 65_536,
    unit: 'bytes',
    why: 'batching gains nothing beyond; a link stays responsive',
  },
  maxMessageBytes: {
    value: 16_777_216,
    unit: 'bytes',
    why: 'one message must not hold a link for seconds',
  },
  maxDepth: { value: 64, unit: 'levels', why: 'deeper nesting is an attack on the stack' },
  maxItems: {
    value: 131_072,
    unit: 'items',
    why: 'of all lists and maps of a message together: none holds the event loop for 50 ms',
  },
  maxHeaderBytes: {
    value: 8_192,
    unit: 'bytes',
    why: 'headers are for routing and tracing, not for data',
  },
  maxHelloBytes: {
    value: 1_048_576,
    unit: 'bytes',
    why: 'names and channels of about 5 000 channels',
  },
  maxDoorBytes: { value: 1_048_576, unit: 'bytes', why: 'a control request is small' },
  maxOutboundBytes: {
    value: 8_388_608,
    unit: 'bytes',
    why: 'waiting per link: 0.1 s of loopback at full speed',
  },
  creditBytes: {
    value: 4_194_304,
    unit: 'bytes',
    why: 'unhandled bytes that a receiver lets one link have',
  },
  maxCreditBytes: {
    value: 33_554_432,
    unit: 'bytes',
    why: 'as creditBytes, of a fast link: what comes while its receiver collects garbage, 10 ms',
  },
  maxWidenedBytes: {
    value: 268_435_456,
    unit: 'bytes',
    why: 'beyond creditBytes of all links together: twenty fast ones; the rest keep their first',
  },
  maxPendingRequests: {
    value: 65_536,
    unit: 'messages',
    why: 'requests of one peer that wait for an answer',
  },
  maxRequestsPerPeer: {
    value: 8_192,
    unit: 'messages',
    why: 'of one channel that wait for one remote peer: who hangs must not hold all that may wait',
  },
  maxRequestsPerChannel: {
    value: 16_384,
    unit: 'messages',
    why: 'of one client that wait for answers on one channel: the others go on',
  },
  maxRequestsPerClient: {
    value: 32_768,
    unit: 'messages',
    why: 'of one client that wait for answers: half of what the peer may have',
  },
  maxQueuedRequests: {
    value: 4_096,
    unit: 'messages',
    why: 'that wait for a handler of a service with `concurrency`; more would be too late anyway',
  },
  maxStrangerFaults: {
    value: 10,
    unit: 'per second',
    why: 'strangers at our sockets that are told of one by one: more would flood the log',
  },
  maxCallersLimited: {
    value: 1_024,
    unit: 'peers',
    why: 'whose rate a service counts one by one: as many as there may be peers',
  },
  maxWaitingForServer: {
    value: 4_096,
    unit: 'messages',
    why: 'requests that wait until some peer serves them',
  },
  maxHeldMessages: {
    value: 1_024,
    unit: 'messages',
    why: 'of one channel for one full link, where the oldest gives way (overflow drop-oldest)',
  },
  maxConcurrentHandlers: {
    value: 65_536,
    unit: 'messages',
    why: 'asynchronous handlers and deferred answers of a peer; handlers of each subscription',
  },
  maxStreams: {
    value: 1_024,
    unit: 'items',
    why: 'streams and duplex talks that one peer reads, and that it serves: each has a window',
  },
  streamWindowItems: {
    value: 4_096,
    unit: 'messages',
    why: 'of one stream on their way to a reader: 2 ms, a round trip of busy loops, at full speed',
  },
  streamWindowBytes: {
    value: 524_288,
    unit: 'bytes',
    why: 'of one stream on their way to a reader, the last item beyond it excepted',
  },
  maxIteratorItems: {
    value: 4_096,
    unit: 'messages',
    why: 'events that wait in an async iterable',
  },
  maxTickets: {
    value: 4_096,
    unit: 'items',
    why: 'requests of one peer, and at one peer, whose answers may come later: each has a timer',
  },
  maxTicketBytes: {
    value: 33_554_432,
    unit: 'bytes',
    why: 'bodies of such requests that wait or are at work, and answers that nobody has taken yet',
  },
  ticketTimeoutMs: {
    value: 60_000,
    unit: 'ms',
    why: 'an answer that may come later is asked for with more patience, and kept no longer',
  },
  maxOutletFrames: {
    value: 1_024,
    unit: 'messages',
    why: 'frames for one slow subscriber before it loses some',
  },
  maxOutletBytes: {
    value: 134_217_728,
    unit: 'bytes',
    why: 'for one slow subscriber: as many full frames, and fewer of large messages',
  },
  maxPeers: {
    value: 1_024,
    unit: 'peers',
    why: 'a full mesh of sockets; beyond it gossip or a broker serves',
  },
  maxSockets: {
    value: 8_192,
    unit: 'items',
    why: 'two sockets and their two monitors a remote peer, twice over while links are replaced',
  },
  maxPeersPerSecond: {
    value: 256,
    unit: 'per second',
    why: 'a flood of strangers must not keep us busy',
  },
  maxRegistrations: {
    value: 256,
    unit: 'peers',
    why: 'services that one registrar announces for others',
  },
  maxGossipPeers: {
    value: 1_024,
    unit: 'peers',
    why: 'for whom one peer speaks, and of whom one record tells: as many as it may be linked with',
  },
  maxGossipBytes: {
    value: 65_536,
    unit: 'bytes',
    why: 'one record of gossip: some 200 peers with their endpoints, or 1 024 in short',
  },
  maxDialsAtOnce: {
    value: 8,
    unit: 'items',
    why: 'a start among hundreds must not open hundreds at once',
  },
  maxBadFrames: {
    value: 16,
    unit: 'messages',
    why: 'a peer that keeps sending rubbish is disconnected',
  },
  maxContracts: { value: 256, unit: 'items', why: 'contracts that one peer may serve or announce' },
  maxResolvers: {
    value: 256,
    unit: 'items',
    why: 'decoders for other minor versions that are kept: four codecs of 64 pairs of shapes',
  },
  maxSchemaBytes: {
    value: 131_072,
    unit: 'bytes',
    why: 'the shapes of one channel, as JSON, of a peer with another version: some 1 000 fields',
  },
  maxSchemas: {
    value: 1_024,
    unit: 'items',
    why: 'channels of other versions that are kept: of a mesh with several versions at once',
  },
  maxSchemaCacheBytes: {
    value: 4_194_304,
    unit: 'bytes',
    why: 'what they take together as JSON, and what one link is told of ours',
  },
  maxDifferences: {
    value: 1_024,
    unit: 'items',
    why: 'channels of which one link says that it has another version; mismatches that are told',
  },
  maxSampleRows: {
    value: 100_000,
    unit: 'items',
    why: 'of a file on which codecs are compared: a mean is steady long before',
  },
  maxSampleBytes: {
    value: 33_554_432,
    unit: 'bytes',
    why: 'of a file on which codecs are compared: it is held in memory, some ten times over',
  },
  maxRecordedCalls: {
    value: 10_000,
    unit: 'messages',
    why: 'of one channel that a mock peer shows; the oldest give way',
  },
  maxTraceLines: {
    value: 1_000_000,
    unit: 'items',
    why: 'of what happened in a simulated network; the first of a run are kept',
  },
  handshakeTimeoutMs: {
    value: 5_000,
    unit: 'ms',
    why: 'who connects and proves nothing holds a descriptor no longer than this',
  },
  dialTimeoutMs: { value: 1_000, unit: 'ms', why: 'a loopback or LAN hello takes a few ms' },
  leaveDialsMs: {
    value: 100,
    unit: 'ms',
    why: 'at close, for dials under way: who has heard the hello is to hear the goodbye',
  },
  requestTimeoutMs: {
    value: 2_000,
    unit: 'ms',
    why: 'a call between services of one network is quicker',
  },
  subscribeTimeoutMs: {
    value: 2_000,
    unit: 'ms',
    why: 'a publisher that does not confirm by then is reported',
  },
  schemaTimeoutMs: {
    value: 2_000,
    unit: 'ms',
    why: 'a peer that does not say by then what its version looks like is not used',
  },
  heartbeatMs: {
    value: 1_000,
    unit: 'ms',
    why: 'two or three missed make a peer silent: noticed within 3.5 s',
  },
  heartbeatMisses: {
    value: 3,
    unit: 'messages',
    why: 'one lost beat is jitter, three are a death; on a link as regular as a clock, two',
  },
  drainTimeoutMs: {
    value: 5_000,
    unit: 'ms',
    why: 'work in hand at close gets this long to finish',
  },
} as const

/** What frames are written into; no frame of small records is larger, whatever `maxFrameBytes`. */
export const SLAB_BYTES = 262_144

export type LimitName = keyof typeof limitTable
export type Limits = { readonly [name in LimitName]: number }

const rows: Readonly<Record<LimitName, LimitRow>> = limitTable

/** The defaults, as plain numbers. */
export const defaultLimits: Limits = Object.fromEntries(
  Object.entries(rows).map(([name, { value }]) => [name, value]),
) as Limits

/**
 * The defaults with the caller's changes.
 * @throws EARSHOT_OPTION_INVALID for an unknown name or a value that is no positive integer.
 */
export function resolveLimits(changes: Partial<Limits> = {}): Limits {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    const path = `/limits/${name}`
    if (!Object.hasOwn(limitTable, name)) {
      throw new EarshotError('EARSHOT_OPTION_INVALID', `there is no limit called "${name}"`, {
        path,
      })
    }
    if (!Number.isSafeInteger(value) || value < 1) {
      const text = `limit ${name} must be a whole number from 1, not ${String(value)}`
      throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
    }
  }
  return Object.freeze({ ...defaultLimits, ...Object.fromEntries(given) })
}
