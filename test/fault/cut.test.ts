// Fault 4: a link is cut for 5 s while numbered work goes over it by tickets, as fast as the
// machine carries: what is reliable. Needs namespaces. EARSHOT_NIGHTLY=1 cuts in a second way, too.

import { spawnSync } from 'node:child_process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ip, joinNamespaces, mayMakeNamespaces, prefix, raiseLink } from '../support/networks.ts'
import { randomMesh, until } from '../support/peers.ts'
import { type PeerProcess, startProcess } from '../support/processes.ts'

const isAble = mayMakeNamespaces() && spawnSync('nft', ['--version']).status === 0
if (!isAble) console.warn('skipped: a link that is cut needs root, iproute2 and nft')

const isNightly = process.env.EARSHOT_NIGHTLY === '1'
const CUT_MS = 5_000
/** Before the cut and after it. */
const LOAD_MS = isNightly ? 10_000 : 700
/** As many as the machine carries of these: two shared cores, some 20 000 between two processes. */
const PER_SECOND = isNightly ? 50_000 : 10_000
/** By day the link is full as well, so that tickets wait wherever they can. */
const limits = isNightly ? {} : { creditBytes: 20_000, maxOutboundBytes: 200_000 }
const GOES_ON = 1_000
type Hosts = readonly [string, string]
const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs))

/** Ways to cut the link of two hosts, each with the way to mend it. */
const cuts = {
  'packets vanish': ([here]: Hosts) => {
    const set = (how: string) => ip('-n', here, 'link', 'set', `${prefix}x`, how)
    set('down')
    return () => set('up')
  },
  'connections are reset': (hosts: Hosts) => {
    const nft = (host: string, ...words: string[]) => ip('netns', 'exec', host, 'nft', ...words)
    const [chain, reset] = ['{ type filter hook input priority 0; }', 'reject with tcp reset']
    for (const host of hosts) {
      nft(host, 'add', 'table', 'ip', 't')
      nft(host, 'add', 'chain', 'ip', 't', 'input', chain)
      nft(host, 'add', 'rule', 'ip', 't', 'input', 'ip', 'protocol', 'tcp', ...reset.split(' '))
    }
    return () => {
      for (const host of hosts) nft(host, 'delete', 'table', 'ip', 't')
    }
  },
}
const used = isNightly ? Object.entries(cuts) : Object.entries(cuts).slice(0, 1)

function twoHosts(): Hosts {
  const [a, b] = [`${prefix}ca`, `${prefix}cb`]
  for (const name of [a, b]) ip('netns', 'add', name)
  onTestFinished(() => {
    for (const name of [a, b]) spawnSync('ip', ['netns', 'del', name])
  })
  joinNamespaces(a, b)
  raiseLink(a, b)
  return [a, b]
}

interface State {
  readonly peers: number
  readonly handled: number
  readonly twice: number
  readonly outOfOrder: number
  readonly keptTickets: number
}

const stateOf = async (peer: PeerProcess) =>
  (await peer.ask({ do: 'state' }, 'state')) as unknown as State

const settings = (more: object = {}) => JSON.stringify({ limits, ...more })

describe.skipIf(!isAble).each(used)('a link cut for 5 s under reliable load: %s', (_how, cut) => {
  it('nothing is lost, nothing comes twice, and the order of each key is kept', async () => {
    const hosts = twoHosts()
    const [here, there] = hosts
    const mesh = randomMesh()
    const serving = [mesh, 'worker', '10.77.0.1', settings()]
    const worker = await startProcess('keyed.js', serving, { inside: here })
    const load = settings({ inbox: worker.ready.inbox, perSecond: PER_SECOND })
    const asking = [mesh, 'asker', '10.77.0.2', load]
    const asker = await startProcess('keyed.js', asking, { inside: there })
    await until('they know each other', async () => (await stateOf(asker)).peers === 1)
    asker.tell({ do: 'begin' })
    await until('it is under way', async () => (await stateOf(worker)).handled > GOES_ON)
    await sleep(LOAD_MS)

    const gone = asker.next('down')
    const mend = cut(hosts)
    const cutAt = performance.now()
    await gone
    const { handled: before } = await stateOf(worker)
    await sleep(CUT_MS - (performance.now() - cutAt))
    mend()
    await until('it goes on', async () => (await stateOf(worker)).handled > before + GOES_ON)
    await sleep(LOAD_MS)

    const { asked, answered, wrong, failures } = await asker.ask({ do: 'end' }, 'ended')
    const { handled, twice, outOfOrder } = await stateOf(worker)
    console.info(`${asked} tickets, ${before} of them handled before the cut`)
    expect({ wrong, failures, twice, outOfOrder }).toEqual({
      ...{ wrong: 0, failures: [], twice: 0, outOfOrder: 0 },
    })
    expect([answered, handled]).toEqual([asked, asked])
    // What was said in vain about tickets that had ended is said again.
    await until('nothing is kept', async () => (await stateOf(worker)).keptTickets === 0)
  })
})
