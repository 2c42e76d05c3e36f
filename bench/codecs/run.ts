// Owns one run of the comparison and the three files that come of it. Never prints.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeMachine } from 'earshot/report'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'
import { fullEffort, measureAll, type Progress, quickEffort } from './measurements.ts'
import { caveatsOf, methodOf } from './method.ts'
import type { Results } from './results.ts'
import { shapeNames, shapeTitles } from './shape-names.ts'
import { subjects } from './subjects.ts'
import { valuesOf } from './values.ts'

const packages = [
  'earshot',
  'zeromq',
  'msgpackr',
  'avsc',
  'protobufjs',
  'fast-xml-parser',
  'tinybench',
]

export async function runCodecs(quick: boolean, progress: Progress): Promise<Results> {
  const effort = quick ? quickEffort : fullEffort
  const started = new Date()
  const machine = describeMachine(packages)
  const cells = await measureAll(effort, progress)
  return {
    title: 'Earshot codec comparison',
    startedAt: started.toISOString(),
    tookS: Math.round((Date.now() - started.getTime()) / 1_000),
    machine,
    effort,
    subjects: subjects.map(({ id, title, family, format }) => ({ id, title, family, format })),
    shapes: shapeNames.map((name) => {
      return { name, title: shapeTitles[name], example: valuesOf(name)[0] }
    }),
    method: methodOf(effort),
    caveats: caveatsOf(effort, machine),
    cells,
  }
}

/** codecs.json, codecs.md and codecs.html; returns the text of the first. */
export async function writeCodecs(results: Results, out: string): Promise<string> {
  const text = `${JSON.stringify(results, null, 2)}\n`
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'codecs.json'), text)
  await writeFile(join(out, 'codecs.md'), markdownReport(results))
  await writeFile(join(out, 'codecs.html'), htmlReport(results))
  return text
}
