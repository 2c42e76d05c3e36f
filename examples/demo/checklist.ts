// The checklist of one run: what has passed, what has failed, what is still open, and all figures.

import { type Part, parts } from './plan.ts'
import type { Failure, Find, Latency, Report, Sizes } from './report.ts'

export class Checklist {
  readonly finds: Find[] = []
  readonly sizes: Sizes[] = []
  readonly latencies: Latency[] = []
  readonly failures: Failure[] = []
  /** Parts that have passed, each with what there is to tell. */
  readonly passed: Map<string, string> = new Map()

  take(report: Report): void {
    if (report.type === 'ready') return
    if (report.type === 'find') this.finds.push(report.find)
    else if (report.type === 'sizes') this.sizes.push(report.sizes)
    else if (report.type === 'latency') this.latencies.push(report.latency)
    else if (report.type === 'passed') this.passed.set(report.part, report.text)
    else this.fail(report.failure)
  }

  fail(failure: Failure): void {
    if (!this.#hasFailed(failure.part)) this.failures.push(failure)
  }

  /** What has neither passed nor failed, in the order of the plan. */
  open(): readonly Part[] {
    return parts.filter(({ name }) => !this.passed.has(name) && !this.#hasFailed(name))
  }

  isSettled(section: string): boolean {
    return this.open().every((part) => part.section !== section)
  }

  #hasFailed(part: string): boolean {
    return this.failures.some((failure) => failure.part === part)
  }
}
