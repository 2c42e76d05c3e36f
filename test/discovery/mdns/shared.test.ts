// Several peers in one process: they share sockets and what is known, each as if it were alone.

import { afterEach, describe, expect, it } from 'vitest'
import { type MdnsDiscovery, mdns } from '../../../src/discovery/mdns/mdns.ts'
import { aRecord, randomMesh, Watch } from '../support.ts'

describe('peers of one process', () => {
  const opened: { provider: MdnsDiscovery; watching: Watch }[] = []
  const open = async (mesh: string) => {
    const provider = mdns()
    const self = aRecord({ mesh })
    const watching = new Watch((signal) => provider.watch(mesh, { signal }))
    await provider.announce(self, { signal: new AbortController().signal })
    const one = { provider, self, watching }
    opened.push(one)
    return one
  }
  const close = async ({ provider, watching }: (typeof opened)[number]) => {
    await watching.stop()
    await provider.close()
  }
  const seenBy = ({ watching }: { watching: Watch }) =>
    watching.seen.flatMap((event) => (event.type === 'up' ? [event.peer.id] : []))
  afterEach(async () => {
    for (const one of opened.splice(0)) await close(one)
  })

  it('each see the others and not themselves, a late one at once', async () => {
    const mesh = randomMesh()
    const [a, b] = [await open(mesh), await open(mesh)]
    await a.watching.until('up', ({ peer }) => peer.id === b.self.id)
    await b.watching.until('up', ({ peer }) => peer.id === a.self.id)
    await a.watching.until('synced')
    const sent = a.provider.stats().sent
    const late = await open(mesh)
    // Before any packet can have come: it asks nobody.
    const told = await late.watching.through('synced')
    const ids = told.flatMap((event) => (event.type === 'up' ? [event.peer.id] : []))
    expect(new Set(ids)).toEqual(new Set([a.self.id, b.self.id]))
    expect(late.provider.stats().sent).toBeLessThanOrEqual(sent)
    await a.watching.until('up', ({ peer }) => peer.id === late.self.id)
    expect(seenBy(a)).not.toContain(a.self.id)
  })

  it('go on when the first of them leaves, and hear its goodbye', async () => {
    const mesh = randomMesh()
    const [first, second] = [await open(mesh), await open(mesh)]
    await second.watching.until('up')
    await close(first)
    expect(await second.watching.until('down')).toMatchObject({ id: first.self.id })
    const third = await open(mesh)
    await second.watching.until('up', ({ peer }) => peer.id === third.self.id)
  })

  it('do not see those of another mesh', async () => {
    const [one, other] = [await open(randomMesh()), await open(randomMesh())]
    await one.watching.until('synced')
    await other.watching.until('synced')
    expect([...seenBy(one), ...seenBy(other)]).toEqual([])
  })
})
