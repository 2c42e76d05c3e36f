// Owns what the processes of a comparison say to each other, and starting them.
// Never measures: worker.ts does, in a process of its own.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { ContractDescription } from 'earshot'
import { exitCodes, Failure, stopped } from '../failure.ts'
import { stop } from '../stop.ts'
import type { SubjectId } from './subjects.ts'
import type { Times } from './times.ts'

export interface Job {
  /** One serves what it gets back, the other takes the times. */
  readonly role: 'answer' | 'measure'
  readonly subject: SubjectId
  readonly contract: ContractDescription
  readonly values: readonly unknown[]
  readonly mesh: string
  readonly directory: string
  /** Of the one that answers. */
  readonly inbox?: string
  readonly quick: boolean
}

/** Of one request at a time between two processes. */
export interface Latency {
  readonly p50Us: number
  readonly p99Us: number
  readonly count: number
  readonly transport: string
}

export type Told =
  | { readonly ready: readonly string[] }
  | { readonly times: Times; readonly latency: Latency }
  | { readonly failed: string }

export type Measured = Extract<Told, { times: unknown }>

/** Takes the times of one codec: one process measures, another answers. @throws Failure */
export async function measureIn(job: Omit<Job, 'role' | 'inbox'>): Promise<Measured> {
  const answering = start({ ...job, values: [], role: 'answer' })
  try {
    const { ready } = await told<Extract<Told, { ready: unknown }>>(answering, job.subject)
    const inbox = ready.find((endpoint) => endpoint.startsWith('tcp:'))
    if (inbox === undefined) throw new Error('the answering peer does not listen on TCP')
    const measuring = start({ ...job, role: 'measure', inbox })
    try {
      return await told<Measured>(measuring, job.subject)
    } finally {
      await end(measuring)
    }
  } finally {
    await end(answering)
  }
}

function start(job: Job): ChildProcess {
  // Values with bytes and bigints cross as they are.
  const child = fork(new URL('./worker.js', import.meta.url), { serialization: 'advanced' })
  child.send(job)
  return child
}

async function told<T extends Told>(child: ChildProcess, subject: SubjectId): Promise<T> {
  const { signal, done } = untilStopped()
  const exited = once(child, 'exit', { signal }).then(([code, by]) => {
    return { failed: `a measuring process ended with ${by ?? code}` }
  })
  const message = once(child, 'message', { signal }).then(([one]) => one as Told)
  try {
    const first = await Promise.race([message, exited])
    if (!('failed' in first)) return first as T
    const text = `${subject} could not be measured: ${first.failed}`
    throw new Failure(exitCodes.failed, text, 'run it again; a slow machine may need --quick')
  } catch (error) {
    if (stop.aborted) throw stopped()
    throw error
  } finally {
    // What has not come by now comes too late to matter.
    done()
    await Promise.allSettled([message, exited])
  }
}

function untilStopped(): { readonly signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  return { signal: AbortSignal.any([controller.signal, stop]), done: () => controller.abort() }
}

/** A child leaves when we let go of it. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  if (child.connected) child.disconnect()
  if (stop.aborted) child.kill()
  await exited
}
