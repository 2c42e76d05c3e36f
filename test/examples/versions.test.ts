// The example of versions, as the README shows it, run as a user does.

import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { example } from './program.ts'

describe('the example of versions', () => {
  it('is answered in each version, and told which there are', () => {
    const [node = '', ...words] = example('versions')
    const lines = execFileSync(node, words, { encoding: 'utf8', timeout: 20_000 })
      .trim()
      .split('\n')
    expect(lines.slice(0, 2)).toEqual(["{ by: '1.4, later' }", "{ by: '2.0, 2 items' }"])
    expect(lines[2]).toMatch(/serves shop\.orders\/1\/place in a version of ~1\.2 after 500 ms/)
    expect(lines[2]).toMatch(/of shop\.orders there is 1\.4\.0 at server, 2\.0\.0 at server$/)
  })
})
