// Owns the component `discovery`: how soon peers find each other and notice that one has gone.
// Never uses the machine's own network: namespaces on a bridge, and one without any network.

import type { Effort, Progress } from '../process/effort.ts'
import { inTurn } from '../process/in-turn.ts'
import type { System } from '../roles/neighbours.ts'
import { HOSTS, measureCrowd } from './crowd.ts'
import type { CrowdFigures, DiscoveryFigures, PairFigures } from './figures.ts'
import { whyNoNetworks, withBridge, withoutNetwork } from './networks.ts'
import { measureHost, measurePair } from './pair.ts'
import { LEFT_WITHIN_MS, type Plan, planOf } from './plan.ts'

const pairSystems = ['mdns', 'bonjour', 'peer', 'host'] as const
const crowdSystems = ['mdns', 'bonjour'] as const
/** They take seconds by design: a short look is at one visit of each, and at no crowd. */
const slowSystems = ['cote', 'moleculer'] as const

export async function measureDiscovery(
  effort: Effort,
  progress: Progress,
): Promise<DiscoveryFigures> {
  const { quick } = effort
  const plan = planOf(effort)
  const { killedWithinMs, idleAfterMs, idleSeconds } = plan
  const waited = { leftWithinMs: LEFT_WITHIN_MS, killedWithinMs, idleAfterMs, idleSeconds }
  const notMeasured = whyNoNetworks()
  const pairs: PairFigures[] = []
  const crowds: CrowdFigures[] = []
  if (notMeasured === undefined) {
    const found = (system: System, plan: Plan) => {
      progress(system === 'host' ? 'one host without a network' : `two hosts, ${system}`)
      if (system === 'host') return withoutNetwork((host) => measureHost(host, plan))
      return withBridge(2, (network) => measurePair(system, network, plan))
    }
    const slowPlan = quick ? { ...plan, visits: 1 } : plan
    pairs.push(...(await inTurn(pairSystems, quick, (system) => found(system, plan))))
    pairs.push(...(await inTurn(slowSystems, quick, (system) => found(system, slowPlan))))
    const many = quick ? crowdSystems : [...crowdSystems, ...slowSystems]
    const known = await inTurn(many, quick, (system) => {
      progress(`${plan.peers} peers, ${system}`)
      return withBridge(HOSTS, (network) => measureCrowd(system, network, plan))
    })
    crowds.push(...known)
  }
  return { notMeasured, ...waited, pairs, crowds }
}
