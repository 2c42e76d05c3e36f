// Owns starting the processes in which figures are taken, and hearing why one failed.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs a module of ours with a job; its answer is the JSON on its stdout. */
export async function runJob<T>(module: URL, job: unknown): Promise<T> {
  const child = startJob(module, job)
  const output = { text: '' }
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output.text += chunk
  })
  const complaints = complaintsOf(child)
  const [code, signal] = await once(child, 'close')
  if (code === 0) return JSON.parse(output.text) as T
  throw new Error(reason(complaints.text) || `a measuring process ended with ${code ?? signal}`)
}

/** A process that serves others until its stdin ends; resolves when it says that it is ready. */
export async function startServer(module: URL, job: unknown): Promise<{ stop(): Promise<void> }> {
  const child = startJob(module, job)
  const complaints = complaintsOf(child)
  const closed = once(child, 'close')
  const ready = once(child.stdout as NodeJS.ReadableStream, 'data')
  const first = await Promise.race([ready.then(() => 'ready'), closed.then(() => 'closed')])
  if (first === 'closed') throw new Error(reason(complaints.text) || 'a serving process ended')
  const stop = async () => {
    child.stdin?.end()
    await closed
  }
  return { stop }
}

function startJob(module: URL, job: unknown): ChildProcess {
  const args = [module.pathname, JSON.stringify(job)]
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
}

function complaintsOf(child: ChildProcess): { text: string } {
  const complaints = { text: '' }
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    complaints.text += chunk
  })
  return complaints
}

/** The message of an uncaught error, without the lines of source and stack around it. */
function reason(text: string): string {
  return /^\w*Error.*$/m.exec(text)?.[0] ?? text.trim()
}
