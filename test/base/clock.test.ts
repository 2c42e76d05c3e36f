// What a process does again and again in the background, on the machine's own clock.

import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** In a process of its own, as its errors are nobody's here. Prints what `log` was called with. */
function run(source: string): string[] {
  const script = `import { systemClock as clock } from 'earshot'
    process.on('uncaughtException', ({ message }) => console.log(message))
    ${source}`
  const words = ['--input-type=module', '--eval', script]
  return execFileSync(process.execPath, words, { encoding: 'utf8' }).trim().split('\n')
}

it('intervals in the background do not keep a process, and one that throws stops no other', () => {
  const said = run(`
    clock.every(250, () => { throw new Error('broken') }, true)
    const other = clock.every(250, () => {
      console.log('other')
      other.cancel()
      clock.every(500, () => console.log('later'), true)
    }, true)
    setTimeout(() => console.log('end'), 1_900)`)
  expect(said.at(-1)).toBe('end')
  expect(said.filter((one) => one === 'other')).toHaveLength(1)
  expect(said.filter((one) => one === 'later').length).toBeGreaterThan(1)
  expect(said.filter((one) => one === 'broken').length).toBeGreaterThan(3)
})

it('they begin anew when all were cancelled, and keep their period where the loop stood', () => {
  const said = run(`
    clock.every(250, () => console.log('never'), true).cancel()
    let times = 0
    const timer = clock.every(500, () => { times++ }, true)
    setTimeout(() => { const end = clock.nowMs() + 2_000; while (clock.nowMs() < end); }, 600)
    setTimeout(() => { timer.cancel(); console.log(times > 1 && times < 5) }, 3_400)`)
  expect(said).toEqual(['true'])
})
