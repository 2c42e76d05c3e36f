import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DirectoryDiscovery, directory } from '../../src/discovery/directory.ts'
import { DirectoryView } from '../../src/discovery/directory-view.ts'
import { fileOfId, parsePeerFile, writePeerFile } from '../../src/discovery/peer-file.ts'
import type { DiscoveryEvent } from '../../src/discovery/provider.ts'
import { lastPulse, pulseFile } from '../../src/discovery/pulses.ts'
import { runtimeDirectory } from '../../src/discovery/runtime-directory.ts'
import { createVirtualClock } from '../../src/testing/virtual-clock.ts'
import { aRecord, eventually, randomId, Watch } from './support.ts'

const signal = new AbortController().signal

describe('the directory of this host', () => {
  let base: string
  let path: string
  let made: DirectoryDiscovery[]
  const create = (clock?: ReturnType<typeof createVirtualClock>) => {
    const provider = directory(clock ? { path, clock } : { path })
    made.push(provider)
    return provider
  }
  const watch = (provider: DirectoryDiscovery) =>
    new Watch((stop) => provider.watch('shop', { signal: stop }))

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'es-'))
    path = runtimeDirectory({ mesh: 'shop', base })
    made = []
  })
  afterEach(async () => {
    await Promise.all(made.map((provider) => provider.close()))
    rmSync(base, { recursive: true, force: true })
  })

  it('keeps one file a peer that only its owner can read', async () => {
    const self = aRecord()
    const announcement = await create().announce(self, { signal })
    const file = fileOfId(path, self.id)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(parsePeerFile(readFileSync(file, 'utf8'), self.id, 'shop')?.record).toEqual(self)
    await announcement.withdraw()
    expect(existsSync(file)).toBe(false)
  })

  it('beats each 5 s where it wakes nobody, and leaves the file of the peer alone', async () => {
    const clock = createVirtualClock(Date.now())
    const self = aRecord()
    const announcement = await create(clock).announce(self, { signal })
    const file = fileOfId(path, self.id)
    utimesSync(file, 1, 1)
    await clock.advance(4_000)
    expect(lastPulse(path, self.id)).toBe(undefined)
    await clock.advance(6_000)
    expect(Math.abs((lastPulse(path, self.id) ?? 0) - clock.wallMs())).toBeLessThan(2)
    expect(statSync(file).mtimeMs).toBe(1_000)
    await announcement.withdraw()
    expect(lastPulse(path, self.id)).toBe(undefined)
  })

  it('touches the file of a peer each 5 s where there can be no pulse', async () => {
    const clock = createVirtualClock(Date.now())
    const self = aRecord()
    writeFileSync(dirname(pulseFile(path, self.id)), 'no directory')
    await create(clock).announce(self, { signal })
    const file = fileOfId(path, self.id)
    utimesSync(file, 1, 1)
    await clock.advance(4_000)
    expect(statSync(file).mtimeMs).toBe(1_000)
    await clock.advance(1_000)
    expect(Math.abs(statSync(file).mtimeMs - clock.wallMs())).toBeLessThan(2)
  })

  it('touches what it announces on behalf of another: nobody can say that it lives', async () => {
    const clock = createVirtualClock(Date.now())
    const self = { ...aRecord(), behalf: true }
    await create(clock).announce(self, { signal })
    const file = fileOfId(path, self.id)
    utimesSync(file, 1, 1)
    await clock.advance(5_000)
    expect(lastPulse(path, self.id)).toBe(undefined)
    expect(Math.abs(statSync(file).mtimeMs - clock.wallMs())).toBeLessThan(2)
  })

  it('announces nobody on behalf who announces itself, and leaves its file alone', async () => {
    const clock = createVirtualClock(Date.now())
    const self = aRecord()
    const own = create(clock)
    await own.announce(self, { signal })
    const file = readFileSync(fileOfId(path, self.id), 'utf8')
    const evil = { ...self, name: 'evil', behalf: true }
    await expect(own.announce(evil, { signal })).rejects.toThrow('announces itself')
    mkdirSync(dirname(pulseFile(path, self.id)), { recursive: true })
    writeFileSync(pulseFile(path, self.id), '')
    await expect(create(clock).announce(evil, { signal })).rejects.toMatchObject({
      code: 'EARSHOT_DISCOVERY',
    })
    expect(readFileSync(fileOfId(path, self.id), 'utf8')).toBe(file)
  })

  it('finds a peer that came long ago by its pulse, and keeps it by that', async () => {
    const owner = createVirtualClock(Date.now())
    const clock = createVirtualClock(Date.now())
    const self = aRecord()
    await create(owner).announce(self, { signal })
    await owner.advance(10_000)
    utimesSync(fileOfId(path, self.id), 1, 1)
    const watching = watch(create(clock))
    await watching.until('up')
    for (let times = 0; times < 6; times++) {
      await owner.advance(5_000)
      await clock.advance(5_000)
    }
    expect(watching.seen.filter(({ type }) => type !== 'synced')).toEqual([])
    await clock.advance(17_000)
    expect(await watching.until('down')).toMatchObject({ id: self.id, reason: 'expired' })
    expect(lastPulse(path, self.id)).toBe(undefined)
    await watching.stop()
  })

  it('reports an old file when the pulse of its owner beats', async () => {
    const owner = createVirtualClock(Date.now())
    const clock = createVirtualClock(Date.now())
    const self = aRecord()
    await create(owner).announce(self, { signal })
    utimesSync(fileOfId(path, self.id), 1, 1)
    const watching = watch(create(clock))
    await watching.until('synced')
    await clock.advance(5_000)
    expect(watching.seen).toEqual([])
    await owner.advance(5_000)
    await clock.advance(5_000)
    expect(await watching.until('up')).toMatchObject({ peer: { id: self.id } })
    await watching.stop()
  })

  it('writes a file again that somebody took away', async () => {
    const clock = createVirtualClock(Date.now())
    const self = aRecord()
    await create(clock).announce(self, { signal })
    rmSync(fileOfId(path, self.id))
    await clock.advance(1_000)
    expect(existsSync(fileOfId(path, self.id))).toBe(true)
  })

  it('takes a peer for dead that has not touched its file for 15 s, and unlinks it', async () => {
    const clock = createVirtualClock(Date.now())
    const silent = createVirtualClock(Date.now())
    const self = aRecord()
    await create(silent).announce(self, { signal })
    const provider = create(clock)
    const watching = watch(provider)
    await watching.until('up')
    await clock.advance(15_000)
    expect(watching.seen.filter(({ type }) => type === 'down')).toEqual([])
    await clock.advance(2_000)
    expect(await watching.until('down')).toMatchObject({ id: self.id, reason: 'expired' })
    expect(existsSync(fileOfId(path, self.id))).toBe(false)
    expect(provider.stats().removed).toBe(1)
    await watching.stop()
  })

  it('keeps a peer whose file is touched, whatever the wall clock says', async () => {
    const clock = createVirtualClock(Date.now())
    const self = aRecord()
    await create(createVirtualClock()).announce(self, { signal })
    const watching = watch(create(clock))
    await watching.until('up')
    for (let hours = 1; hours <= 4; hours++) {
      const seconds = Date.now() / 1_000 - hours * 3_600
      utimesSync(fileOfId(path, self.id), seconds, seconds)
      await clock.advance(10_000)
    }
    expect(watching.seen.filter(({ type }) => type === 'down')).toEqual([])
    await watching.stop()
  })

  it('does not report an old file before its owner touches it', async () => {
    const clock = createVirtualClock(Date.now())
    const self = aRecord()
    await create(createVirtualClock()).announce(self, { signal })
    const seconds = Date.now() / 1_000
    utimesSync(fileOfId(path, self.id), seconds - 60, seconds - 60)
    const watching = watch(create(clock))
    await watching.until('synced')
    expect(watching.seen).toEqual([])
    utimesSync(fileOfId(path, self.id), seconds, seconds)
    await clock.advance(1_000)
    await watching.until('up')
    await watching.stop()
  })

  it('finds with a look what the watcher has not told', () => {
    const found: DiscoveryEvent[] = []
    const view = new DirectoryView({
      ...{ path, mesh: 'shop', clock: createVirtualClock(Date.now()) },
      ...{ isOwn: () => false, onOwnTouched: () => undefined, count: () => undefined },
      emit: (event) => found.push(event),
    })
    view.open()
    const self = aRecord()
    writePeerFile(path, self)
    // The watcher tells in another turn of the event loop.
    view.check(false)
    expect(found).toEqual([])
    view.check(true)
    expect(found).toEqual([{ type: 'up', peer: self }])
    view.close()
  })

  it('notices within a check that the process of a peer is dead', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const self = aRecord()
    await create().announce(self, { signal })
    const file = fileOfId(path, self.id)
    const content = { ...JSON.parse(readFileSync(file, 'utf8')), pid: child.pid }
    await made[0]?.close()
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 })
    const clock = createVirtualClock(Date.now())
    const watching = watch(create(clock))
    await watching.until('up')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await clock.advance(1_000)
    await watching.until('down', ({ reason }) => reason === 'expired')
    expect(existsSync(file)).toBe(false)
    await watching.stop()
  })

  it('survives that the directory is deleted: a fault, and everybody is back', async () => {
    const one = create()
    const other = create()
    const self = aRecord()
    await one.announce(self, { signal })
    const watching = watch(other)
    const own = watch(one)
    await watching.until('up')
    rmSync(path, { recursive: true })
    const { error } = await Promise.race([watching.until('fault'), own.until('fault')])
    expect(error).toMatchObject({ code: 'EARSHOT_DISCOVERY' })
    await eventually(() => existsSync(fileOfId(path, self.id)))
    expect(statSync(path).mode & 0o777).toBe(0o700)
    const late = watch(create())
    await late.until('up', ({ peer }) => peer.id === self.id)
    await Promise.all([watching.stop(), own.stop(), late.stop()])
  })

  it('ignores what is corrupt, too large, a link, or of another mesh, and counts it', async () => {
    const good = aRecord()
    await create().announce(good, { signal })
    const content = readFileSync(fileOfId(path, good.id), 'utf8')
    const put = (text: string) => writeFileSync(fileOfId(path, randomId()), text)
    put('')
    put('{"record":')
    put('[]')
    put('null')
    put(content)
    put(content.padEnd(70_000))
    const other = randomId()
    writeFileSync(fileOfId(path, other), content.replaceAll(good.id, other).replace('shop', 'x'))
    symlinkSync(fileOfId(path, good.id), fileOfId(path, randomId()))
    symlinkSync('/nowhere', fileOfId(path, randomId()))
    writeFileSync(join(path, 'readme.txt'), 'hello')
    const provider = create()
    const watching = watch(provider)
    await watching.until('up', ({ peer }) => peer.id === good.id)
    await watching.until('synced')
    expect(watching.seen).toEqual([])
    expect(provider.stats().ignored).toBe(9)
    await watching.stop()
  })

  it('shows a peer and its goodbye within 50 ms', async () => {
    const watching = watch(create())
    await watching.until('synced')
    const startMs = performance.now()
    const announcement = await create().announce(aRecord(), { signal })
    await watching.until('up')
    expect(performance.now() - startMs).toBeLessThan(50)
    const leaveMs = performance.now()
    await announcement.withdraw()
    await watching.until('down')
    expect(performance.now() - leaveMs).toBeLessThan(50)
    await watching.stop()
  })
})

describe('the content of a peer file', () => {
  const id = randomId()
  const record = aRecord({ id })
  const text = (changes: object, outer: object = {}) =>
    JSON.stringify({ record: { ...record, ...changes }, host: 'h', pid: 1, ...outer })

  it('is taken when every field is of its kind', () => {
    expect(parsePeerFile(text({}), id, 'shop')?.record).toEqual(record)
  })

  it.each([
    ['an epoch that is no number', text({ epoch: '1' })],
    ['a negative seq', text({ seq: -1 })],
    ['an inbox that is no list', text({ inbox: 'tcp://x:1' })],
    ['endpoints that are no texts', text({ door: [1] })],
    ['seventeen endpoints', text({ inbox: Array(17).fill('tcp://x:1') })],
    ['meta that is a list', text({ meta: ['a'] })],
    ['meta that nests', text({ meta: { a: {} } })],
    ['a name of a kilobyte', text({ name: 'x'.repeat(1_024) })],
    ['no host', text({}, { host: 1 })],
    ['a pid that is no number', text({}, { pid: 1.5 })],
    ['another id', text({ id: randomId() })],
  ])('is refused with %s', (_what, content) => {
    expect(parsePeerFile(content, id, 'shop')).toBeUndefined()
  })

  it('takes nothing from keys that the format does not have', () => {
    const file = parsePeerFile(text({ constructor: 1, evil: true }), id, 'shop')
    expect(Object.keys(file?.record ?? {}).sort()).toEqual(Object.keys(record).sort())
  })
})
