// What a signal breaks off is begun again; what fails for another reason is not.

import { describe, expect, it } from 'vitest'
import { despiteSignals } from '../../src/transport/interrupted.ts'

const failing = (...codes: string[]) => {
  const attempts = { count: 0 }
  const run = () => {
    const code = codes[attempts.count++]
    if (code !== undefined) throw Object.assign(new Error(code), { code })
    return 'done'
  }
  return { attempts, run }
}

describe('what is done despite signals', () => {
  it('is begun again until no signal comes', () => {
    const { run, attempts } = failing('EINTR', 'EINTR')
    expect(despiteSignals(run)).toBe('done')
    expect(attempts.count).toBe(3)
  })

  it.each(['EMFILE', 'EADDRINUSE'])('fails at once with %s', (code) => {
    const { run, attempts } = failing(code)
    expect(() => despiteSignals(run)).toThrow(code)
    expect(attempts.count).toBe(1)
  })

  it('is begun again for a code that is named as well', () => {
    const { run } = failing('EADDRINUSE', 'EINTR', 'EADDRINUSE')
    expect(despiteSignals(run, ['EADDRINUSE'])).toBe('done')
  })

  it('is given up when signals do not end', () => {
    const { run, attempts } = failing(...Array(1_000).fill('EINTR'))
    expect(() => despiteSignals(run)).toThrow('EINTR')
    expect(attempts.count).toBe(101)
  })
})
