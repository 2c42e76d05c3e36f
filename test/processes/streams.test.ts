// Streams between processes: every codec and two versions, deaths in the middle, flat memory.

import { describe, expect, it } from 'vitest'
import { randomMesh, until } from '../support/peers.ts'
import { type Answer, type PeerProcess, startProcess } from '../support/processes.ts'

const MEGABYTE = 1_048_576
/** `EARSHOT_STREAM_MB=1024` sends as much through a slow reader. */
const megabytes = Number(process.env.EARSHOT_STREAM_MB ?? 96)

function start(mesh: string, name: string, settings: object): Promise<PeerProcess> {
  return startProcess('streams.js', [mesh, name, JSON.stringify(settings)])
}

const state = (peer: PeerProcess): Promise<Answer> => peer.ask({ do: 'state' }, 'state')

async function ask(peer: PeerProcess, what: string, more: object = {}): Promise<unknown> {
  const { value, error } = await peer.ask({ do: what, ...more }, `${what} done`)
  if (error) throw new Error(JSON.stringify(error))
  return value
}

/** A server and a reader that know each other. */
async function pair(server: object = {}, reader: object = {}): Promise<[PeerProcess, PeerProcess]> {
  const mesh = randomMesh()
  const serving = await start(mesh, 'server', { serves: '1.0.0', ...server })
  const reading = await start(mesh, 'reader', reader)
  await until('they know each other', async () => (await state(reading)).peers === 1)
  return [serving, reading]
}

interface Found {
  readonly answers: { readonly from: { readonly name: string }; readonly answer: { at: number } }[]
}

describe.each(['json', 'msgpack', 'avro', 'protobuf'])('between processes in %s', (codec) => {
  const options = { codecs: [codec] }

  it('a stream arrives whole', async () => {
    const [, reader] = await pair({ options }, { options })
    const items = await ask(reader, 'read', { body: { to: 3_000 } })
    expect(items).toEqual(Array.from({ length: 3_000 }, (_, at) => ({ at, by: 'server' })))
  })

  it('two minor versions read each other, both ways', async () => {
    const mesh = randomMesh()
    const newer = await start(mesh, 'newer', { serves: '1.1.0', uses: '1.0.0', options })
    const older = await start(mesh, 'older', { uses: '1.0.0', options })
    // An old reader of a new server: the note of an item is skipped, that of a query filled in.
    expect(await ask(older, 'read', { body: { to: 2 } })).toEqual([
      { at: 0, by: 'newer' },
      { at: 1, by: 'newer' },
    ])
    expect((await state(newer)).queries).toEqual([{ to: 2, note: 'none' }])
    newer.tell({ do: 'close' })
    await newer.next('closed')
    // A new reader of an old server: the note is what its own contract says it is.
    const old = await start(mesh, 'old', { serves: '1.0.0', options })
    const modern = await start(mesh, 'modern', { uses: '1.1.0', options })
    expect(await ask(modern, 'read', { body: { to: 1, note: 'x' } })).toEqual([
      { at: 0, by: 'old', note: 'none' },
    ])
    expect((await state(old)).queries).toEqual([{ to: 1 }])
  })

  it('a talk goes both ways, between two minor versions, too', async () => {
    const mesh = randomMesh()
    await start(mesh, 'newer', { serves: '1.1.0', options })
    const older = await start(mesh, 'older', { uses: '1.0.0', options })
    const modern = await start(mesh, 'modern', { uses: '1.1.0', options })
    const bodies = Array.from({ length: 500 }, (_, to) => ({ to }))
    const heard = await ask(older, 'talk', { bodies })
    expect(heard).toEqual(bodies.map(({ to }) => ({ at: to, by: 'newer' })))
    const noted = await ask(modern, 'talk', { bodies: [{ to: 7, note: 'x' }] })
    expect(noted).toEqual([{ at: 7, by: 'newer', note: 'heard x' }])
  })

  it('a question to all is answered by all, whatever their version', async () => {
    const mesh = randomMesh()
    const names = ['one', 'two', 'three']
    const versions = ['1.0.0', '1.1.0', '1.0.0']
    await Promise.all(names.map((name, at) => start(mesh, name, { serves: versions[at], options })))
    const asker = await start(mesh, 'asker', { uses: '1.0.0', options })
    await until('all are known', async () => (await state(asker)).peers === 3)
    const found = (await ask(asker, 'quote', { body: { to: 4 } })) as Found
    expect(found.answers.map(({ from, answer }) => [from.name, answer.at]).sort()).toEqual(
      [...names].sort().map((name) => [name, 8]),
    )
    expect(found).toMatchObject({ silent: [], failed: [], enough: true })
  })
})

describe('a question to all between processes', () => {
  it('names who was killed before it answered, and who failed', async () => {
    const mesh = randomMesh()
    const [, stopped] = await Promise.all([
      start(mesh, 'well', { serves: '1.0.0' }),
      start(mesh, 'stopped', { serves: '1.0.0' }),
    ])
    const asker = await start(mesh, 'asker', { uses: '1.0.0' })
    await until('both are known', async () => (await state(asker)).peers === 2)
    stopped.kill('SIGSTOP')
    const asking = ask(asker, 'quote', { body: { to: 4 }, more: { withinMs: 3_000 } })
    await until('both are asked', async () => {
      const { stats } = (await state(asker)) as unknown as { stats: { pendingRequests: number } }
      return stats.pendingRequests === 1
    })
    stopped.kill('SIGKILL')
    expect(await asking).toMatchObject({
      answers: [{ from: { name: 'well' }, answer: { at: 8 } }],
      silent: [{ from: { name: 'stopped' }, why: 'gone' }],
      failed: [],
      enough: false,
    })
    const failed = await ask(asker, 'quote', { body: { to: 13 } })
    expect(failed).toMatchObject({
      answers: [],
      failed: [{ from: { name: 'well' }, error: { code: 'EARSHOT_REMOTE' } }],
    })
  })
})

describe('a stream between processes', () => {
  it('ends with a typed error when its server is killed in the middle', async () => {
    const [server, reader] = await pair()
    expect(await ask(reader, 'begin', { body: { to: 1_000_000 } })).toEqual({ at: 0, by: 'server' })
    server.kill('SIGKILL')
    await server.exited()
    expect(await ask(reader, 'rest')).toMatchObject({ code: 'EARSHOT_PEER_GONE', sent: 'unknown' })
    expect((await state(reader)).stats).toMatchObject({ openStreams: 0 })
  })

  it('lets its handler clean up when its reader leaves, or is killed', async () => {
    const [server, reader] = await pair()
    await ask(reader, 'begin', { body: { to: 1_000_000 } })
    await ask(reader, 'leave')
    await until('the handler has returned', async () => (await state(server)).returned === 1)
    await ask(reader, 'begin', { body: { to: 1_000_000 } })
    reader.kill('SIGKILL')
    await until('it has again', async () => (await state(server)).returned === 2)
    const { aborted, given, stats } = await state(server)
    expect(aborted).toEqual(['EARSHOT_CANCELLED', 'EARSHOT_CANCELLED'])
    expect(given as number).toBeLessThan(50)
    expect(stats).toMatchObject({ openStreams: 0 })
  })

  it('is finished by a server that closes, within its grace time', async () => {
    const [server, reader] = await pair()
    await ask(reader, 'begin', { body: { to: 200 } })
    server.tell({ do: 'close' })
    expect(await ask(reader, 'rest')).toEqual({ read: 200 })
    await server.next('closed')
  })

  it(`of ${megabytes} MB goes through a slow reader in flat memory on both sides`, async () => {
    const [server, reader] = await pair()
    // Once through, so that what a process takes in any case is taken.
    await ask(reader, 'blobs', { query: { items: 200, bytes: 65_536 }, every: 8, pauseMs: 1 })
    const before = (await state(server)).rss as number
    const items = megabytes * 16
    const query = { items, bytes: 65_536 }
    const reading = ask(reader, 'blobs', { query, every: 32, pauseMs: 5 })
    let most = 0
    let done = false
    const watch = async () => {
      while (!done) {
        most = Math.max(most, (await state(server)).rss as number)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    const watching = watch()
    const { read, wrong, grown } = (await reading) as Record<string, number>
    done = true
    await watching
    expect({ read, wrong }).toEqual({ read: items, wrong: 0 })
    const growth = { server: (most - before) / MEGABYTE, reader: (grown as number) / MEGABYTE }
    if (process.env.EARSHOT_STREAM_MB) process.stdout.write(`${JSON.stringify(growth)}\n`)
    // Much less than went through; the rest is what a collector leaves lying about.
    expect(growth.server).toBeLessThan(48)
    expect(growth.reader).toBeLessThan(48)
  })
})
