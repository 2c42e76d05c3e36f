// Owns `earshot peers`: who is up, how they were found, what they offer.

import type { Command } from 'commander'
import type { RemotePeer } from 'earshot'
import { shortId } from './door.ts'
import { nobodyHeard } from './find-channel.ts'
import { hearAll } from './hear-all.ts'
import { type Misfit, misfitLines, misfitsOf } from './mismatches.ts'
import { type MeshOptions, withMesh } from './options.ts'
import { type Column, countOf, paragraph, tableLines } from './table.ts'
import { jsonText, paint, print, terminalColumns, visible } from './terminal.ts'
import { visit } from './visit.ts'
import { unreachedLines, type Why, whyLines, whyOf } from './why.ts'

const columns: readonly Column[] = [
  { title: 'NAME', shrinks: true },
  { title: 'ID' },
  { title: 'HOST', shrinks: true },
  { title: 'PID', right: true },
  { title: 'LINK', shrinks: true },
  { title: 'VIA', shrinks: true },
  { title: 'FOUND', right: true },
]

export function addPeers(program: Command): void {
  withMesh(program.command('peers').summary('who is up, and what they offer'))
    .description('Lists the peers of a mesh that can be heard from here, and what they offer.')
    .option('--why', 'how each was found, by which way it is linked, how far it is')
    .action(async ({ mesh, wait, json, why }: MeshOptions & { readonly why?: boolean }) => {
      const options = { mesh, faults: ['contract', 'discovery'] }
      const { peers, unreached } = await visit(options, async (peer) => {
        return { peers: await hearAll(peer, wait), unreached: peer.unreached() }
      })
      const misfits = await misfitsOf(peers, mesh)
      const whys: ReadonlyMap<string, Why> = why ? await whyOf(peers, mesh) : new Map()
      const plainly = peers.map((peer) => plain(peer, misfits.get(peer.id), whys.get(peer.id)))
      const document = { mesh, peers: plainly, ...(why && { unreached }) }
      if (peers.length === 0) throw nobodyHeard(mesh, wait, document, unreached.length)
      if (json) print(jsonText(document))
      else {
        for (const line of shown(mesh, peers, misfits, whys)) print(line)
        if (why) for (const line of unreachedLines(unreached, terminalColumns())) print(line)
      }
    })
}

function plain(
  { contracts, doors, foundAfterMs, mismatches: _, tried: __, ...rest }: RemotePeer,
  misfits: readonly Misfit[] | undefined,
  why: Why | undefined,
): object {
  return {
    ...rest,
    ...(misfits && { mismatches: misfits }),
    ...(why && { why }),
    foundAfterMs: Math.round(foundAfterMs * 10) / 10,
    doors,
    contracts: contracts.map(({ name, version, channels }) => ({
      name,
      version,
      channels: channels.map(({ number, ...channel }) => ({ ...channel, served: number > 0 })),
    })),
  }
}

function shown(
  mesh: string,
  peers: readonly RemotePeer[],
  misfits: ReadonlyMap<string, readonly Misfit[]>,
  whys: ReadonlyMap<string, Why>,
): string[] {
  const width = terminalColumns()
  const rows = peers.map((peer) => [
    peer.name,
    shortId(peer),
    peer.host,
    String(peer.pid),
    linkOf(peer),
    peer.via.join(',') || 'itself',
    `${Math.round(peer.foundAfterMs)} ms`,
  ])
  const [head = '', ...lines] = tableLines(columns, rows, width)
  const count = countOf(peers.length, 'peer')
  return [
    `${count} in mesh "${visible(mesh)}"`,
    '',
    paint('dim', head),
    ...peers.flatMap((peer, at) => [
      paint('bold', lines[at] ?? ''),
      ...(peer.suspected ? ['  suspected: silent for longer than usual'] : []),
      ...whyOfOne(whys.get(peer.id), width),
      ...offerLines(peer, width),
      ...misfitLines(misfits.get(peer.id) ?? [], width),
    ]),
  ]
}

function whyOfOne(why: Why | undefined, width: number): string[] {
  return why ? whyLines(why, width) : []
}

/** Where a path on this host leads says nothing; an address does. */
function linkOf({ transport, endpoint }: RemotePeer): string {
  return transport === 'ipc' ? 'ipc' : endpoint
}

function offerLines({ contracts }: RemotePeer, width: number): string[] {
  if (contracts.length === 0) return ['  offers nothing']
  return contracts.flatMap(({ name, version, channels }) => {
    const kinds = [...new Set(channels.map(({ kind }) => kind))]
    const lines = kinds.flatMap((kind) => {
      const names = channels.filter((channel) => channel.kind === kind).map((one) => one.name)
      return paragraph(`${kind}: ${names.join(', ')}`, width, '    ')
    })
    return [...paragraph(`${name} ${version}`, width, '  '), ...lines]
  })
}
