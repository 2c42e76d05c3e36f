// Owns the bounds of the gate, a row each, and whether a run keeps them. Never measures.

/** Medians of one system; NaN for what was not asked for. */
export interface Rates {
  /** Messages of 100 bytes, one way. */
  readonly perSecond: number
  /** One request at a time. */
  readonly p50Us: number
  /** 256 requests in flight. */
  readonly answeredPerSecond: number
}

export interface Measured {
  readonly earshot: Rates
  readonly zeromq: Rates
  readonly net: Rates
  /** A call of `send` on a channel that nobody hears. */
  readonly nobodyNs: number
}

export interface Bound {
  readonly name: string
  readonly needs: 'one-way' | 'requests' | 'nobody'
  readonly sense: 'at least' | 'at most'
  readonly limit: number
  readonly unit: '×' | ' ns'
  readonly of: (measured: Measured) => number
  readonly remedy: string
}

export interface Verdict {
  readonly bound: Bound
  readonly value: number
  readonly holds: boolean
}

const remedyOneWay =
  'npm run bench -- one-way; then profile what changed in src/patterns, src/mesh and src/wire'
const remedyRequests =
  'npm run bench -- latency; then profile what changed in src/patterns/request.ts and src/mesh'

/** Each about half of what two shared cores reach. */
export const bounds: readonly Bound[] = [
  {
    name: '100 B one way, against zeromq.js',
    needs: 'one-way',
    sense: 'at least',
    limit: 6,
    unit: '×',
    of: ({ earshot, zeromq }) => earshot.perSecond / zeromq.perSecond,
    remedy: remedyOneWay,
  },
  {
    name: '100 B one way, against node:net',
    needs: 'one-way',
    sense: 'at least',
    limit: 1.5,
    unit: '×',
    of: ({ earshot, net }) => earshot.perSecond / net.perSecond,
    remedy: remedyOneWay,
  },
  {
    name: 'requests/s, 256 in flight, against zeromq.js',
    needs: 'requests',
    sense: 'at least',
    limit: 3,
    unit: '×',
    of: ({ earshot, zeromq }) => earshot.answeredPerSecond / zeromq.answeredPerSecond,
    remedy: remedyRequests,
  },
  {
    name: 'requests/s, 256 in flight, against node:net',
    needs: 'requests',
    sense: 'at least',
    limit: 1.2,
    unit: '×',
    of: ({ earshot, net }) => earshot.answeredPerSecond / net.answeredPerSecond,
    remedy: remedyRequests,
  },
  {
    name: 'one request at a time, p50, against zeromq.js',
    needs: 'requests',
    sense: 'at most',
    limit: 2.5,
    unit: '×',
    of: ({ earshot, zeromq }) => earshot.p50Us / zeromq.p50Us,
    remedy: remedyRequests,
  },
  {
    name: 'publish to nobody, a call',
    needs: 'nobody',
    sense: 'at most',
    limit: 500,
    unit: ' ns',
    of: ({ nobodyNs }) => nobodyNs,
    remedy: 'profile `send` in src/patterns/event.ts: to nobody it does no more than count',
  },
]

export function judge(wanted: readonly Bound[], measured: Measured): Verdict[] {
  return wanted.map((bound) => {
    const value = bound.of(measured)
    const holds = bound.sense === 'at least' ? value >= bound.limit : value <= bound.limit
    return { bound, value, holds }
  })
}
