// The processes of the demo: each is told the name of the mesh and its own role, and nothing else.
// None outlives this one: they leave when the channel to it closes, and are killed if they do not.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Role } from './plan.ts'
import type { Report } from './report.ts'

const programs: Readonly<Record<Role, string>> = {
  stock: './stock.js',
  billing: './listener.js',
  shipping: './listener.js',
  till: './till.js',
}

const LEAVE_TIMEOUT_MS = 3_000

export class RoleProcess {
  readonly role: Role
  readonly pid: number
  /** Undefined if it left in peace, otherwise how it ended, a sentence. */
  readonly ended: Promise<string | undefined>
  readonly #child: ChildProcess
  #isGone = false
  #errors = ''

  constructor(role: Role, mesh: string, onReport: (report: Report) => void) {
    const program = new URL(programs[role], import.meta.url)
    this.role = role
    this.#child = fork(program, [mesh, role], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.pid = this.#child.pid ?? 0
    this.#child.on('message', (report) => onReport(report as Report))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    this.ended = this.#watch()
  }

  /** Lets it open its peers. */
  begin(): void {
    if (this.#child.connected) this.#child.send('begin')
  }

  /** Lets it go, and kills it if it stays. Resolves as `ended`, or undefined if it was gone. */
  async release(): Promise<string | undefined> {
    if (this.#isGone) return undefined
    if (this.#child.connected) this.#child.disconnect()
    let stayed = ''
    const timer = setTimeout(() => {
      stayed = ` because it had not left in ${LEAVE_TIMEOUT_MS} ms`
      this.#child.kill('SIGKILL')
    }, LEAVE_TIMEOUT_MS)
    const how = await this.ended
    clearTimeout(timer)
    return how && `${how}${stayed}`
  }

  async #watch(): Promise<string | undefined> {
    try {
      const [code, signal] = await once(this.#child, 'exit')
      if (code === 0) return undefined
      const why = /^.*Error.*$/m.exec(this.#errors)?.[0] ?? ''
      return `process ${this.role} ended by ${signal ?? `exit code ${code}`} ${why}`.trim()
    } catch (error) {
      return `process ${this.role} could not be started: ${error}`
    } finally {
      this.#isGone = true
    }
  }
}
