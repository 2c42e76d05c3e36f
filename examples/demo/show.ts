// Runs the show: starts the processes, collects what they report, and ends when every part is
// settled, when a process is gone before its time, when nothing moves any more, or on a signal.

import { EarshotError, type ErrorCode } from 'earshot'
import { Checklist } from './checklist.ts'
import { roles } from './plan.ts'
import { RoleProcess } from './processes.ts'
import { failureOf, type Report } from './report.ts'

const QUIET_LIMIT_MS = 12_000
/** With the time to leave, the whole takes less than 20 s, whatever happens. */
const SHOW_LIMIT_MS = 24_000

export interface ShowOptions {
  readonly mesh: string
  /** Ends the show before its time. */
  readonly signal: AbortSignal
  /** Called after each report. */
  readonly onNews: (checklist: Checklist) => void
}

export interface Outcome {
  readonly checklist: Checklist
  readonly processes: readonly RoleProcess[]
  /** Parts that nobody came to, because an earlier one failed. */
  readonly notReached: readonly string[]
  readonly tookMs: number
}

/** Why the show was cut short. */
interface Cut {
  readonly code: ErrorCode
  readonly text: string
}

export async function runShow(options: ShowOptions): Promise<Outcome> {
  const startMs = performance.now()
  const checklist = new Checklist()
  const processes: RoleProcess[] = []
  const cut = await playUntilOver(options, checklist, processes)
  const open = unplayed(checklist)
  const [first] = open
  if (cut && first !== undefined) {
    checklist.fail(failureOf(first, new EarshotError(cut.code, cut.text)))
    open.shift()
  }
  await Promise.all(processes.map((process) => sayGoodbye(process, checklist)))
  return { checklist, processes, notReached: open, tookMs: performance.now() - startMs }
}

/** Resolves with why it was cut short; undefined when it was played to its end. */
function playUntilOver(
  { mesh, signal, onNews }: ShowOptions,
  checklist: Checklist,
  processes: RoleProcess[],
): Promise<Cut | undefined> {
  return new Promise((resolve) => {
    const cut = (code: ErrorCode, text: string) => resolve({ code, text })
    const limitText = `not done ${SHOW_LIMIT_MS / 1_000} s after the start`
    setTimeout(cut, SHOW_LIMIT_MS, 'EARSHOT_TIMEOUT', limitText).unref()
    const quietText = `it hangs: nothing has happened for ${QUIET_LIMIT_MS / 1_000} s`
    const quiet = setTimeout(cut, QUIET_LIMIT_MS, 'EARSHOT_TIMEOUT', quietText).unref()
    signal.addEventListener('abort', () => cut('EARSHOT_CANCELLED', 'interrupted'))
    let ready = 0
    const take = (report: Report) => {
      if (report.type === 'ready' && ++ready === roles.length) {
        for (const process of processes) process.begin()
      }
      checklist.take(report)
      quiet.refresh()
      onNews(checklist)
      if (unplayed(checklist).length === 0) resolve(undefined)
    }
    for (const role of roles) {
      const process = new RoleProcess(role, mesh, take)
      processes.push(process)
      void process.ended.then((how) => (how ? cut('EARSHOT_PEER_GONE', how) : resolve(undefined)))
    }
  })
}

/** The names of the parts that are neither passed nor failed; the goodbyes come later. */
function unplayed(checklist: Checklist): string[] {
  const open = checklist.open().filter(({ section }) => section !== 'goodbye')
  return open.map(({ name }) => name)
}

async function sayGoodbye(process: RoleProcess, checklist: Checklist): Promise<void> {
  const part = `goodbye of ${process.role}`
  const how = await process.release()
  if (how === undefined) checklist.take({ type: 'passed', part, text: process.role })
  else checklist.fail(failureOf(part, new EarshotError('EARSHOT_TIMEOUT', how)))
}
