// Owns the contract `earshot.bench`: what the two sides of a measurement say to each other.
// Never measures: `serve.ts` answers it, the others ask.

import { type AnyContract, type Channel, contractFromDescription } from 'earshot'

/** Who begins a run; the server forgets the run before. */
export interface Begin {
  readonly by: string
}

/** Comes back in each item and mark of the run: what is left of another one is told apart. */
export interface Begun {
  readonly run: number
}

/** What the receiver has of a run, by its own clock. */
export interface Mark {
  readonly items: number
  readonly bytes: number
  /** Numbers that were passed over, and not seen later. */
  readonly lost: number
  /** Numbers that were seen before, or out of order. */
  readonly repeated: number
  readonly atMs: number
}

export type BenchContract = AnyContract & {
  readonly begin: Channel<'request', Begin, Begun>
  readonly mark: Channel<'request', Begun, Mark>
  readonly item: Channel<'notification', Uint8Array>
  readonly echo: Channel<'request', Uint8Array, Uint8Array>
}

const count = { kind: 'int', bits: 64, bigint: false, minimum: 0 }
const decimal = { kind: 'float', bits: 64 }
const bytes = { kind: 'bytes' }

function record(name: string, fields: Readonly<Record<string, object>>): object {
  return {
    kind: 'record',
    name,
    fields: Object.entries(fields).map(([field, shape], at) => {
      return { name: field, wireName: field, tag: at + 1, shape, optional: false, nullable: false }
    }),
  }
}

const begun = record('Begun', { run: count })

const description = {
  name: 'earshot.bench',
  version: '1.0.0',
  channels: [
    {
      name: 'begin',
      kind: 'request',
      shape: record('Begin', { by: { kind: 'string' } }),
      replyShape: begun,
    },
    {
      name: 'mark',
      kind: 'request',
      shape: begun,
      replyShape: record('Mark', {
        items: count,
        bytes: count,
        lost: count,
        repeated: count,
        atMs: decimal,
      }),
    },
    { name: 'item', kind: 'notification', shape: bytes },
    { name: 'echo', kind: 'request', shape: bytes, replyShape: bytes },
  ],
}

/** From a description, because the command line has no schema library of its own. */
export const Bench: BenchContract = contractFromDescription(description) as BenchContract

/** Bytes that each item begins with: the run in one, its number in four. */
export const LEAST_ITEM_BYTES = 8

/** Writes run and number into the head of an item. */
export function stamp(body: Uint8Array, run: number, number: number): void {
  body[0] = run
  body[1] = number
  body[2] = number >>> 8
  body[3] = number >>> 16
  body[4] = number >>> 24
}

/** The number of an item. */
export function numberOf(body: Uint8Array): number {
  const low = (body[1] as number) | ((body[2] as number) << 8)
  return (low | ((body[3] as number) << 16) | ((body[4] as number) << 24)) >>> 0
}
