// Owns what is said about how the figures of a comparison came about, and what they do not show.

import { count } from 'earshot/report'
import type { Comparison } from './comparison.ts'

export function methodOf({ rows, timedRows, quick }: Comparison): string[] {
  const some = timedRows < rows ? `${count(timedRows)} rows, evenly spread over all,` : 'all rows'
  const rounds = quick ? 'short rounds (--quick)' : 'rounds of 10 ms'
  return [
    `Bytes: the mean over all ${count(rows)} rows. gzip (level 6) of single messages: up to 512. ` +
      'A batch is consecutive bodies, one after the other, up to 16 batches.',
    `Times: ${some} in rotation, one process a codec, warmed up, the median of nine ${rounds}; ` +
      'encode writes in place where the codec can, decode makes plain values. Guards are on.',
    'Latency: one request at a time between two processes over TCP on loopback, each message ' +
      'decoded and encoded anew by the other side.',
    'By the speed of the link: encode + bytes / speed + decode, one after the other. "Wins ' +
      'below": bits saved against the quickest codec, divided by the time lost to it.',
    'XML and CBOR are there to compare with: they are no codecs of Earshot. They are checked ' +
      'with up to 10,000 rows, evenly spread over all.',
  ]
}

export function caveatsOf({ machine, quick, type }: Comparison): string[] {
  return [
    ...(machine.load > 0.5 ? [`Other work ran on this machine (load ${machine.load}).`] : []),
    ...(quick ? ['--quick: the order of a figure, not the figure.'] : []),
    'Loopback adds no distance: between hosts, the network takes most of the time.',
    'The head that a link puts before each message is left out: it is the same in every codec.',
    ...(type.typescript === undefined
      ? []
      : ['An inferred type has no bounds: a contract with some may save bytes in Protobuf.']),
  ]
}
