// Owns what is said about how the figures came about, and what they do not show.

import type { Machine } from 'earshot/report'
import type { Effort } from './results.ts'
import { valueCount } from './values.ts'

export function methodOf(effort: Effort): string[] {
  const { processes, mixedProcesses, roundTripProcesses, isolated, warmUpMs, timeMs } = effort
  const fresh = count(processes, 'fresh process', 'fresh processes')
  const mixed = count(mixedProcesses, 'process', 'processes')
  const pairs = count(roundTripProcesses, 'pair', 'pairs')
  return [
    `${valueCount} values of each shape from a generator with a fixed seed, used in rotation.`,
    'Before anything is timed, every value is encoded, decoded and compared; a difference stops ' +
      'the run.',
    'Encode writes into a pooled buffer at an offset, decode reads from one: for all rows alike.',
    `Times: ${fresh} for each ${isolated}; in each ${warmUpMs} ms of warm-up, then ${timeMs} ms ` +
      'of samples by tinybench. A sample is the mean of 64 messages (fewer where 64 take longer ' +
      'than 0.5 ms). Median and p99 are the medians over the processes; spread is how far the ' +
      'lowest and the highest process are from it.',
    `Mixed: all codecs and shapes in one process (${mixed}), warmed up in turn before any is ` +
      'timed, so that inline caches have seen every type.',
    '× lib: time of the library of the same format ÷ time of Earshot; below 1 the library ' +
      'is faster. A ~ means no difference: less than 20 %, or processes of one among those of ' +
      'the other.',
    "Round trip: a request and its answer, which is the same message, over Earshot's own links " +
      'between two processes of this host, one request at a time: two encodes, two decodes and ' +
      `the way between (${pairs} of processes a codec).`,
    'Heap: bytes that 64 encodes leave, a message; the median of 65 tries, of which a collection ' +
      'spoils a few; the least of the processes.',
    'gzip: level 6, bodies without frames; in a batch: all ' +
      `${valueCount} bodies one after the other, divided by ${valueCount}.`,
  ]
}

export function caveatsOf({ quick }: Effort, { load, cores }: Machine): string[] {
  const hurried =
    'A quick run: one process each, short samples. For figures to quote, run without --quick.'
  const disturbed =
    `The machine was busy when this began (load ${load}, ${cores} cores): figures of a machine ` +
    'with nothing else to do will be lower and closer together.'
  return [
    ...(quick ? [hurried] : []),
    ...(load > cores / 2 ? [disturbed] : []),
    'Processes are not pinned to a core, and other work on the machine shows as spread. ' +
      'Take differences below 20 % for none.',
    'A p99 of encode or decode is that of samples, so a single slow message is diluted; that of ' +
      'the round trip is of single requests.',
    'Earshot checks every value against the contract while encoding, and sizes, counts and types ' +
      'while decoding. Of the libraries avsc checks types while encoding; JSON, msgpackr and ' +
      'protobufjs check none.',
    'The libraries write in place here as well, which is faster than their usual call that ' +
      'returns a buffer of its own.',
    'protobufjs returns messages of its own class, with 64-bit integers as numbers; turning them ' +
      'into plain data is not in its time.',
    'msgpackr with shared structures is for one process: both sides keep them as state, and who ' +
      'sends may redefine them. It stands here as the fastest of its library.',
    'V8 makes objects of numbers that it reads at a place which has seen other sets of fields: ' +
      'the heap bytes of an order are those; with one set of fields they are 0.',
    'XML is parsed by fast-xml-parser and then typed by the contract, both in its time. Its ' +
      'round trip carries the text over a channel of bytes.',
    'The libraries have no round trip of their own: a link speaks the codecs of Earshot.',
    'Telemetry has doubles with all their digits; readings of few digits would be shorter in ' +
      'JSON than the eight bytes of a double.',
  ]
}

function count(many: number, one: string, more: string): string {
  return `${many} ${many === 1 ? one : more}`
}
