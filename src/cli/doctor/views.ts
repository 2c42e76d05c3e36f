// Owns what the doctor says of peers: whom each sees, asked at its own door, and why not.
// Never believes a door: what is no list of peers counts as none.

import { hostname } from 'node:os'
import { type RemotePeer, systemClock, type UnreachedPeer } from 'earshot'
import { askPeer, isMeant, nameOf, shortId } from '../door.ts'
import { toFailure } from '../failure.ts'
import { misfitsOf } from '../mismatches.ts'
import { countOf } from '../table.ts'
import type { Finding } from './finding.ts'
import { networksOf } from './networks.ts'
import { toldUnreached, unreachedFindings } from './unreached.ts'

/** Clocks that differ by so much put epochs in the wrong order. */
const CLOCK_MS = 2_000

interface View {
  readonly peer: RemotePeer
  /** Ids of those whom it sees; undefined where its door did not answer. */
  readonly sees: ReadonlySet<string> | undefined
  /** The same as it was told. */
  readonly told: readonly Partial<RemotePeer>[]
  /** Of whom it is told, and who is not up there. */
  readonly unreached: readonly UnreachedPeer[]
  readonly doorMs: number
  readonly failure: string
}

/** @param isTold the one that is named is told of here, and there is no link */
export async function viewFindings(
  peers: readonly RemotePeer[],
  mesh: string,
  named: string | undefined,
  isTold: boolean,
): Promise<Finding[]> {
  const views = await Promise.all(peers.map((peer) => viewOf(peer, mesh)))
  const isNamed = ({ peer }: View) => isMeant(peer, named)
  const pairs = views.flatMap((one) =>
    views.flatMap((other) => {
      const matters = one !== other && (isNamed(one) || isNamed(other))
      return matters && one.sees && !one.sees.has(other.peer.id) ? [blind(one, other)] : []
    }),
  )
  const clocks = peers.filter(({ epoch }) => epoch > systemClock.wallMs() + CLOCK_MS)
  return [
    ...views.filter(isNamed).map(doorFinding),
    ...(named === undefined || views.some(isNamed)
      ? []
      : await hearsay(views, named, mesh, isTold)),
    ...pairs,
    ...(pairs.length === 0 && views.length > 1 ? [allSee(views.length, named)] : []),
    ...clocks.map(clockFinding),
    ...(await misfitFindings(peers, mesh)),
  ]
}

async function viewOf(peer: RemotePeer, mesh: string): Promise<View> {
  const fromMs = systemClock.nowMs()
  try {
    const { peers, unreached } = await askPeer(peer, { op: 'peers' }, mesh)
    const list: readonly unknown[] = Array.isArray(peers) ? peers : []
    const told = list.map((one) => Object(one) as Partial<RemotePeer>)
    const sees = new Set(told.map(({ id }) => String(id)))
    const doorMs = systemClock.nowMs() - fromMs
    return { peer, sees, told, unreached: toldUnreached(unreached), doorMs, failure: '' }
  } catch (thrown) {
    const nothing = { sees: undefined, told: [], unreached: [], doorMs: 0 }
    return { peer, ...nothing, failure: toFailure(thrown).message }
  }
}

function doorFinding({ peer, sees, doorMs, failure }: View): Finding {
  const { endpoint, via, foundAfterMs, id } = peer
  const by = via.join(' and ') || 'its own call'
  const link = `${nameOf(peer)} on ${peer.host}: found by ${by} in ${Math.round(foundAfterMs)} ms`
  const facts = { id, via, endpoint, doorMs, sees: sees && [...sees] }
  if (!sees) {
    const text = `${link}; its door does not answer: ${failure}`
    const next = 'the link is up, so the port of the door (inbox + 2) is blocked, or it is busy'
    return { area: 'mesh', level: 'bad', text, next, facts }
  }
  const count = countOf(sees.size, 'peer')
  const text = `${link}; its door answers in ${doorMs.toFixed(1)} ms and sees ${count}`
  return { area: 'mesh', level: 'ok', text, facts }
}

/** One that we do not hear, and others do, or are told of: they tell where it is. */
async function hearsay(
  views: readonly View[],
  named: string,
  mesh: string,
  isTold: boolean,
): Promise<Finding[]> {
  for (const { peer, told } of views) {
    const found = told.find(({ name, id }) => name === named || String(id).startsWith(named))
    if (!found?.id || !Array.isArray(found.doors)) continue
    const other = { ...found, endpoint: '' } as RemotePeer
    const { sees, failure } = await viewOf(other, mesh)
    const text = `${peer.name} sees ${nameOf(other)} on ${other.host}; from here its door`
    if (sees) {
      const next = isTold
        ? 'it is running, and told of here: let the port of its inbox in, as that of its door'
        : 'its packets do not reach us, its door does: use staticPeers([…]) or gossip()'
      return [{ area: 'peer', level: 'bad', text: `${text} answers`, next }]
    }
    const next = 'a firewall or a missing route lies between us: allow its TCP ports'
    return [{ area: 'peer', level: 'bad', text: `${text} does not answer: ${failure}`, next }]
  }
  for (const { peer, unreached } of views) {
    const found = await unreachedFindings(unreached, named, peer.name)
    if (found.length > 0) return found
  }
  return []
}

/** We see both, and one of them does not see the other. */
function blind({ peer: one }: View, { peer: other }: View): Finding {
  const reason = reasonOf(one, other)
  const text = `${nameOf(one)} does not see ${nameOf(other)}: ${reason.text}`
  const facts = { from: one.id, to: other.id }
  return { area: 'peer', level: 'bad', text, next: reason.next, facts }
}

/** We are on both networks, and they are on one each. */
function apart(one: RemotePeer, other: RemotePeer): string | undefined {
  const [ours, theirs] = [networksOf(one), networksOf(other)]
  const [[name, host] = []] = ours
  const [[otherName, otherHost] = []] = theirs
  if (name === undefined || otherName === undefined) return undefined
  if ([...ours.keys()].some((each) => theirs.has(each))) return undefined
  return `they are on two networks, ${host} (${name} here) and ${otherHost} (${otherName} here)`
}

function reasonOf(one: RemotePeer, other: RemotePeer): { text: string; next: string } {
  const far = other.doors.filter((door) => !/^(?:ipc:|tcp:\/\/(?:127\.|\[::1\]))/.test(door))
  if (one.host !== other.host && far.length === 0) {
    return {
      text: `${other.name} listens on its own host alone, and they are on two hosts`,
      next: `start ${other.name} with listen: 'lan' and the security of the mesh`,
    }
  }
  const text = apart(one, other)
  if (text !== undefined) {
    const next = 'put them on one network; or route TCP between the two, and use gossip() on both'
    return { text, next }
  }
  if (one.host === other.host) {
    return {
      text: 'they are on one host and share no provider, or no runtime directory (user, container)',
      next: 'let both use the directory of one user, or mdns(), or gossip()',
    }
  }
  const where = far[0] ?? 'its address'
  return {
    text: `no provider of ${one.name} tells of it, or nothing gets through to ${where}`,
    next: `on ${one.host}: earshot doctor ${shortId(other)}; or use gossip() across networks`,
  }
}

function allSee(count: number, named: string | undefined): Finding {
  const text =
    named === undefined
      ? `all ${count} peers see each other, by what their doors say`
      : `${named} sees all the others, and they see it, by what their doors say`
  return { area: 'peer', level: 'ok', text }
}

function clockFinding(peer: RemotePeer): Finding {
  const aheadS = Math.round((peer.epoch - systemClock.wallMs()) / 1_000)
  const text = `${nameOf(peer)} started ${aheadS} s in the future: a clock is wrong`
  const next = `set the clock of ${peer.host === hostname() ? 'this host' : peer.host} by NTP`
  return { area: 'mesh', level: 'bad', text, next }
}

async function misfitFindings(peers: readonly RemotePeer[], mesh: string): Promise<Finding[]> {
  const misfits = [...(await misfitsOf(peers, mesh)).values()].flat()
  return misfits.map(({ channel, ours, theirs, with: other, path, reason }) => ({
    area: 'mesh',
    level: 'bad',
    text: `${channel} ${ours} does not go with ${theirs} at ${other}: ${path} ${reason}`,
    next: 'earshot compat OLD NEW says which change it was; serve both majors side by side',
  }))
}
