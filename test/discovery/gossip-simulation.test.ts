// Many peers that begin with one or two addresses each, and what gossip makes of it. The seed is in
// the title. EARSHOT_NIGHTLY=1 runs 1,000 and 10,000 as well, in 4 minutes and 2.5 GB.

import { describe, expect, it } from 'vitest'
import { World } from './gossip-world.ts'

const isNightly = process.env.EARSHOT_NIGHTLY === '1'
const kb = (bytes: number) => Math.round(bytes / 1_024)

/** What was seen, for the record: `vitest --reporter=verbose` shows it. */
function say(world: World, peers: number, what: string): void {
  const { sent, bytes } = world.traffic()
  const heapMb = Math.round(process.memoryUsage().heapUsed / 1_048_576)
  console.info(`${peers} peers, ${what}: ${sent} records, ${kb(bytes)} kB, heap ${heapMb} MB`)
}

async function fullMesh(peers: number, limitMs: number): Promise<World> {
  const world = new World({ peers, seed: 7, maxLinks: 1_024 })
  const all = () => world.members.size === peers && world.fewestLinks() === peers - 1
  const tookMs = await world.until(all, limitMs)
  say(world, peers, `all linked after ${Math.round(tookMs)} ms`)
  expect(tookMs).toBeLessThan(limitMs)
  return world
}

/** Not defined at all by day: in CI every test runs. */
function nightly(title: string, run: () => Promise<void>, timeoutMs: number): void {
  if (isNightly) it(title, run, timeoutMs)
}

describe('gossip among many, seed 7', () => {
  it('links 100 peers with each other within 5 s, then falls almost silent', async () => {
    const world = await fullMesh(100, 5_000)
    const { sent, bytes } = world.traffic()
    expect(sent / 100).toBeLessThan(400)
    expect(bytes / 100).toBeLessThan(262_144)
    await world.advance(15_000)
    const settled = world.traffic()
    await world.advance(60_000)
    const rest = world.traffic()
    say(world, 100, 'after 80 s')
    // A sum of 26 bytes every 5 to 15 s each, and no answer, since all know the same.
    expect((rest.sent - settled.sent) / 100 / 60).toBeLessThan(0.25)
    expect((rest.bytes - settled.bytes) / (rest.sent - settled.sent)).toBeLessThan(40)
    await world.close()
  }, 60_000)

  it('does not raise the dead: a hint that no link proves is gone after its lease', async () => {
    const world = await fullMesh(30, 5_000)
    await world.advance(40_000)
    const [dead = ''] = world.members.keys()
    world.kill(dead)
    await world.advance(40_000)
    for (const { discoverer } of world.members.values()) {
      expect(discoverer.peers().map(({ peer }) => peer.id)).not.toContain(dead)
    }
    await world.close()
  }, 60_000)

  nightly(
    'links 1,000 peers with each other within 20 s, and rests',
    async () => {
      const world = await fullMesh(1_000, 20_000)
      await world.advance(30_000)
      expect(await restBytes(world, 1_000, 20_000)).toBeLessThan(64)
      await world.close()
    },
    900_000,
  )

  nightly(
    'keeps 10,000 peers of 32 links each in one piece, bounded, and forgets the dead',
    async () => {
      const world = new World({ peers: 10_000, seed: 7, maxLinks: 32 })
      await world.advance(10_000)
      say(world, 10_000, `${world.reachable()} in one piece after 10 s`)
      expect(world.reachable()).toBeGreaterThan(9_900)
      await world.advance(20_000)
      say(world, 10_000, `${world.reachable()} in one piece after 30 s`)
      for (const { links, discoverer } of world.members.values()) {
        expect(links.size).toBeLessThanOrEqual(32)
        expect(discoverer.peers().length).toBeLessThanOrEqual(32)
      }
      const dead = new Set([...world.members.keys()].filter((_, at) => at % 100 === 0))
      for (const id of dead) world.kill(id)
      expect(await restBytes(world, 9_900, 40_000)).toBeLessThan(8_192)
      // Every hundredth view stands for all.
      const views = [...world.members.values()].filter((_, at) => at % 100 === 0)
      const known = views.flatMap(({ discoverer }) => discoverer.peers())
      expect(known.filter(({ peer }) => dead.has(peer.id))).toEqual([])
      expect(world.reachable()).toBeGreaterThan(9_800)
      await world.close()
    },
    900_000,
  )
})

/** Bytes a second that each peer sends, over a while. */
async function restBytes(world: World, peers: number, overMs: number): Promise<number> {
  const before = world.traffic().bytes
  await world.advance(overMs)
  const each = (world.traffic().bytes - before) / peers / (overMs / 1_000)
  say(world, peers, `${each.toFixed(1)} bytes a second each over ${overMs / 1_000} s`)
  return each
}
