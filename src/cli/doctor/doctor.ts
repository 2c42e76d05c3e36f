// Owns `earshot doctor`: what keeps peers from seeing each other, and the next step.
// Never mends anything, and is announced to nobody.

import type { Command } from 'commander'
import { type Discovery, type Listen, mdns, type Peer, type RemotePeer } from 'earshot'
import { isMeant } from '../door.ts'
import { exitCodes, Failure } from '../failure.ts'
import { hearAll } from '../hear-all.ts'
import { type MeshOptions, withListen, withMesh } from '../options.ts'
import { jsonText, paint, print, terminalColumns, visible } from '../terminal.ts'
import { visit } from '../visit.ts'
import { type Finding, findingLines } from './finding.ts'
import { interfaceFindings } from './interfaces.ts'
import { outletFindings, portsHere, socketsOf } from './sockets.ts'
import { systemFindings } from './system.ts'
import { unreachedFindings } from './unreached.ts'
import { viewFindings } from './views.ts'

interface DoctorOptions extends MeshOptions {
  readonly listen?: Listen
}

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('why peers do not see each other')
    .description('Looks at interfaces, firewall, doors and versions, and says what to do next.')
    .argument('[peer]', 'name, or beginning of the id, of one that should be seen')
  withListen(withMesh(command)).action((named: string | undefined, options: DoctorOptions) =>
    examine(named, options),
  )
}

async function examine(named: string | undefined, options: DoctorOptions): Promise<void> {
  const { mesh, wait, json, listen } = options
  const multicast = mdns({ scope: 'lan' })
  const look = async (peer: Peer) => {
    const peers = await hearAll(peer, wait)
    await multicast.check()
    const [unreached, sockets] = await Promise.all([
      unreachedFindings(peer.unreached(), named),
      socketsOf(peers, mesh),
    ])
    const meant = sockets.filter((one) => isMeant(one.peer, named))
    const found = await Promise.all([
      systemFindings(portsHere(sockets)),
      unreached.length > 0 ? unreached : whoIsThere(peers, mesh, named),
      viewFindings(peers, mesh, named, unreached.length > 0),
      outletFindings(meant),
    ])
    return [...interfaceFindings(multicast), ...found.flat()]
  }
  // What it finds is all that is told: the same as faults would be told twice.
  const discovery: readonly (Discovery | 'directory')[] = ['directory', multicast]
  const findings = await visit({ mesh, listen, discovery, faults: [] }, look)
  const bad = findings.filter(({ level }) => level === 'bad').length
  if (json) print(jsonText({ mesh, ...(named !== undefined && { peer: named }), bad, findings }))
  else {
    for (const line of findingLines(findings, terminalColumns())) print(line)
    const verdict = bad === 0 ? 'nothing is wrong that can be seen from here' : `${bad} to mend`
    print(paint('bold', verdict))
  }
  if (bad > 0) process.exitCode = exitCodes.failed
}

/** @throws nothing: that nobody is there is a finding, too */
function whoIsThere(
  peers: readonly RemotePeer[],
  mesh: string,
  named: string | undefined,
): Finding[] {
  if (named === '') throw new Failure(exitCodes.usage, 'which peer?', 'earshot peers lists them')
  if (peers.some((peer) => isMeant(peer, named))) return []
  const who = named === undefined ? 'no peer' : `no peer "${visible(named)}"`
  const others = peers.length === 1 ? '; 1 other is' : `; ${peers.length} others are`
  const secret = process.env.EARSHOT_SECRET ? 'is its secret another' : 'has it a secret'
  const text = `${who} of mesh "${mesh}" is heard from here${peers.length > 0 ? others : ''}`
  const ways = 'is it on this network, does UDP port 5353 get through to it'
  const next = `is it running, is its mesh "${mesh}", ${ways}, or ${secret}?`
  return [{ area: 'mesh', level: 'bad', text, next }]
}
