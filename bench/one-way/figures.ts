// Owns the form of what `one-way` found: part of the JSON, and all that its view is made of.

import type { CodecName } from 'earshot'
import type { Figure } from 'earshot/report'
import type { ItemSize } from '../process/effort.ts'

export interface OpaqueRow {
  readonly size: ItemSize
  /** Messages a second at the receiver. */
  readonly earshot: Figure
  readonly zeromq: Figure
  readonly net: Figure
}

export interface Opaque {
  readonly rows: readonly OpaqueRow[]
  /** Of Earshot, over all rounds; lost includes what came twice. */
  readonly sent: number
  readonly received: number
  readonly lost: number
  /** How Earshot's two processes were connected. */
  readonly transport: string
}

export interface TickRow {
  readonly codec: CodecName | 'mixed'
  readonly encrypted: boolean
  readonly subscribers: number
  readonly publishedPerSecond: Figure
  readonly deliveredPerSecond: Figure
  readonly published: number
  readonly received: number
  readonly missed: number
  /** received + missed = published, at each subscriber. */
  readonly exact: boolean
}

export interface FanIn {
  readonly senders: number
  readonly perSecond: number
  readonly sent: number
  readonly received: number
  readonly lost: number
}

export interface OneWayFigures {
  readonly opaque: Opaque
  readonly encrypted: readonly {
    readonly size: ItemSize
    readonly plain: Figure
    readonly encrypted: Figure
  }[]
  readonly ticks: readonly TickRow[]
  /** ns a call of `send`. */
  readonly nobody: { readonly bytesNs: number; readonly tickNs: number }
  readonly fanIn: FanIn
}

/** What must hold and did not, a sentence each. */
export function failuresOf({ opaque, ticks, fanIn }: OneWayFigures): string[] {
  const failures: string[] = []
  if (opaque.lost > 0) failures.push(`one-way: ${opaque.lost} notifications were lost`)
  if (fanIn.lost > 0) failures.push(`one-way: ${fanIn.lost} notifications were lost in fan-in`)
  for (const { codec, exact, published, received, missed, subscribers } of ticks) {
    if (exact) continue
    const heard = `${received} received and ${missed} missed by ${subscribers} subscribers`
    failures.push(`one-way: ticks in ${codec}: ${heard}, of ${published} published each`)
  }
  return failures
}
