// Owns what is said about how the figures came about, and what they do not show.

import type { Machine } from 'earshot/report'
import type { Effort } from '../process/effort.ts'

export function methodOf({ rounds, seconds, warmUpMs, memoryWarmUpMs }: Effort): string[] {
  const turns = rounds === 1 ? 'one round' : `${rounds} rounds, the systems in turn`
  return [
    `Each role is a process of its own; ${turns}; figures are medians, spread is how far the ` +
      'lowest and the highest round are from it.',
    `Throughput: counted at the receiver, by its clock, over ${seconds} s after ${warmUpMs} ms ` +
      'of warm-up. Earshot is measured by its own command, earshot bench.',
    'Baselines: zeromq.js as its README writes it, one frame a message (PUSH and PULL, DEALER ' +
      'and ROUTER); node:net with four bytes of length before each message, writes corked. Both ' +
      'over TCP on loopback; Earshot takes what it chooses itself between processes of one host ' +
      '(ipc).',
    'Mixed sizes: 41 % of 16 B, 33 % of 100 B, 22 % of 1 KB, the rest of 4 KB and 64 KB.',
    'Discovery: network namespaces on a bridge without a default route; times by the monotonic ' +
      'clock that all processes share, without the start of processes and the loading of ' +
      'packages. Many are in five processes, one on each host; only what crosses the bridge is ' +
      'counted.',
    'Beside it, each with its defaults: bonjour-service, told its interface; cote, a Subscriber ' +
      'each, told the broadcast address of its network (both find nobody there otherwise); ' +
      'Moleculer, a broker each, TCP transporter and UDP discovery, told to dial addresses, not ' +
      'host names, of which namespaces have one, and new for each visitor, as it slows down with ' +
      'each who left. cote sends no goodbye and forgets whom it has ' +
      'not heard for 5 to 9 s.',
    'Losses: every notification carries its number, the receiver compares; each subscriber’s ' +
      'received and missed together must be what was published.',
    'Latency at fixed rates counts from when a request was due, not from when it was sent: a ' +
      'server that stands still is seen by all who would have asked it meanwhile. It is kept in ' +
      'a histogram whose buckets are at most 0.4 % from what they stand for. At low rates all ' +
      'systems wait longest for cores that sleep.',
    'All four codecs at once: one publisher, a subscriber for each codec in one other process, ' +
      'so that inline caches on both sides have seen every codec.',
    `Memory: resident set of the process, once a second after ${memoryWarmUpMs} ms of warm-up.`,
  ]
}

export function caveatsOf({ quick }: Effort, { load, cores }: Machine): string[] {
  const hurried =
    'A quick run: one round, short samples. For figures to quote, run without --quick.'
  const disturbed =
    `The machine was busy when this began (load ${load}, ${cores} cores): read ratios, and those ` +
    'roughly.'
  return [
    ...(quick ? [hurried] : []),
    ...(load > cores / 2 ? [disturbed] : []),
    'Processes are not pinned to a core; on few cores those of one measurement share them.',
    'At fixed rates the asking process turns its event loop until a request is due: it takes a ' +
      'core of its own, and on few cores some of the server’s.',
    'One at a time nothing can be batched: what is shown is the way through two event loops.',
  ]
}
