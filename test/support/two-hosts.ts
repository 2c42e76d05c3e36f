// Owns the stage of tests with a real Avahi: two hosts joined by a link, the daemon on the first,
// peers as processes on both. Made anew for each test, and removed whatever came of it.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { randomMesh } from '../discovery/support.ts'
import { Avahi } from './avahi.ts'
import { compilePeer, ip, joinNamespaces, PeerProcess, prefix, raiseLink } from './networks.ts'

export interface TwoHosts {
  /** Namespaces: `here` has 10.77.0.1 and Avahi, once it is started; `there` has 10.77.0.2. */
  readonly here: string
  readonly there: string
  readonly mesh: string
  readonly avahi: Avahi
  /** A peer in a namespace, that listens on an address and port. */
  start(where: string, host: string, port: string, env?: Record<string, string>): PeerProcess
}

/** To be called within `describe`: what is handed back is good within its tests. */
export function withTwoHosts(): TwoHosts {
  const [here, there] = [`${prefix}a`, `${prefix}b`]
  let out = ''
  let mesh = ''
  let avahi: Avahi | undefined
  let peers: PeerProcess[] = []
  beforeAll(() => {
    out = compilePeer()
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))
  beforeEach(() => {
    mesh = randomMesh()
    for (const name of [here, there]) ip('netns', 'add', name)
    joinNamespaces(here, there)
    raiseLink(here, there)
    avahi = new Avahi(here, [`${prefix}x`])
  })
  afterEach(async () => {
    await Promise.all(peers.map((peer) => peer.end()))
    peers = []
    await avahi?.stop()
    for (const name of [here, there]) spawnSync('ip', ['netns', 'del', name])
  })
  return {
    here,
    there,
    get mesh() {
      return mesh
    },
    get avahi() {
      return avahi as Avahi
    },
    start: (where, host, port, env = {}) => {
      const peer = new PeerProcess(out, where, { mesh, scope: 'lan', host, port, ...env })
      peers.push(peer)
      return peer
    },
  }
}
