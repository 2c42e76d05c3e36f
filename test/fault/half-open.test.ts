// Fault 5: packets vanish between two hosts, and no connection closes. Needs namespaces and nft.

import { spawnSync } from 'node:child_process'
import { expect, it, onTestFinished } from 'vitest'
import { ip, joinNamespaces, mayMakeNamespaces, prefix, raiseLink } from '../support/networks.ts'
import { randomMesh, until } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'

const isAble = mayMakeNamespaces() && spawnSync('nft', ['--version']).status === 0
if (!isAble) console.warn('skipped: a network that loses packets needs root, iproute2 and nft')

const SLACK_MS = 1_500
const NOTICED_WITHIN_MS = 3_500 + SLACK_MS

it.skipIf(!isAble)('a link whose packets vanish is noticed by both ends in time', async () => {
  const [a, b] = [`${prefix}fa`, `${prefix}fb`]
  for (const name of [a, b]) ip('netns', 'add', name)
  onTestFinished(() => {
    for (const name of [a, b]) spawnSync('ip', ['netns', 'del', name])
  })
  joinNamespaces(a, b)
  raiseLink(a, b)
  const mesh = randomMesh()
  const one = await startProcess('distant.js', [mesh, 'one', '10.77.0.1'], { inside: a })
  const inbox = one.ready.inbox as string
  const two = await startProcess('distant.js', [mesh, 'two', '10.77.0.2', inbox], { inside: b })
  const upAt = async (peer: typeof one) => (await peer.ask({ do: 'peers' }, 'peers')).peers
  await until('both are up', async () => {
    return (await upAt(one)) === 1 && (await upAt(two)) === 1
  })
  const gone = Promise.all([one.next('down'), two.next('down')])
  const nft = (...words: string[]) => ip('netns', 'exec', a, 'nft', ...words)
  nft('add', 'table', 'ip', 't')
  for (const hook of ['input', 'output']) {
    nft('add', 'chain', 'ip', 't', hook, `{ type filter hook ${hook} priority 0; policy drop; }`)
  }
  const vanishAt = performance.now()
  const reasons = (await gone).map(({ reason }) => reason)
  expect(performance.now() - vanishAt).toBeLessThan(NOTICED_WITHIN_MS)
  expect(reasons).toEqual(['silent', 'silent'])
  nft('delete', 'table', 'ip', 't')
  await until('both are up again', async () => {
    return (await upAt(one)) === 1 && (await upAt(two)) === 1
  })
})
