// Owns how a neighbour is started in a namespace.

import { type Role, startRole } from '../process/parent.ts'
import type { Meeting } from '../roles/meeting.ts'
import type { NeighbourJob } from '../roles/neighbour.ts'
import type { System } from '../roles/neighbours.ts'

const neighbourModule = new URL('../roles/neighbour.js', import.meta.url)

export function start(
  system: System,
  meeting: Meeting,
  host: string,
  address: string,
  count: number,
): Promise<Role> {
  return startAt(jobOf(system, meeting, address, count), host)
}

export function startAt(job: NeighbourJob, host: string): Promise<Role> {
  return startRole(neighbourModule, job, host)
}

export function jobOf(
  system: System,
  meeting: Meeting,
  address: string,
  count: number,
): NeighbourJob {
  const { mesh, directory } = meeting
  return { system, mesh, directory, address, count }
}
