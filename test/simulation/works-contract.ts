// The contract of which peers of a storm have two minor versions side by side. The newer one adds a
// field of the question and one of the answer, with defaults, and an error.

import { contract, request } from 'earshot'
import { type Static, Type } from 'typebox'

const job = {
  id: Type.Integer(),
  /** How long it takes, ms. */
  forMs: Type.Integer(),
  how: Type.Enum(['well', 'broken', 'full', 'bug']),
  /** Is its caller one of the newer version? */
  isNewer: Type.Boolean(),
  pad: Type.String(),
}
const made = { id: Type.Integer(), by: Type.String(), isNewer: Type.Boolean() }

const Job12 = Type.Object(job)
const Job14 = Type.Object({ ...job, rush: Type.Boolean({ default: false }) })
const Made12 = Type.Object(made)
const Made14 = Type.Object({ ...made, grade: Type.Integer({ default: 3 }) })

const Broken = Type.Object({ id: Type.Integer(), part: Type.String() })
const Full = Type.Object({ id: Type.Integer() })

export const Works12 = contract('sim.works', '1.2.0', {
  make: request(Job12, Made12, { errors: { Broken } }),
  safe: request(Job12, Made12, { errors: { Broken }, idempotent: true }),
})
export const Works14 = contract('sim.works', '1.4.0', {
  make: request(Job14, Made14, { errors: { Broken, Full } }),
  safe: request(Job14, Made14, { errors: { Broken, Full }, idempotent: true }),
})

export type Job = Static<typeof Job12> & Partial<Static<typeof Job14>>
export type Made = Static<typeof Made12> & Partial<Static<typeof Made14>>

/** What the newer version says in the fields that only it has. */
export const rushOf = (id: number): boolean => id % 3 === 0
export const gradeOf = (id: number): number => 4 + (id % 5)

/** What is wrong with a question as a server of a version reads it. */
export function jobFault(job: Job, reader: 'older' | 'newer'): string | undefined {
  const wanted = reader === 'older' ? undefined : job.isNewer && rushOf(job.id)
  return job.rush === wanted ? undefined : `rush is ${job.rush} instead of ${wanted}`
}

/** The same of an answer. */
export function madeFault(made: Made, reader: 'older' | 'newer'): string | undefined {
  const told = made.isNewer ? gradeOf(made.id) : 3
  const wanted = reader === 'older' ? undefined : told
  return made.grade === wanted ? undefined : `grade is ${made.grade} instead of ${wanted}`
}
