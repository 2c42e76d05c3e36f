// Owns what one watcher of the directory has seen, and turns changes of files into events.
// Never writes, except that it unlinks the files of dead peers.

import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'
import { errnoOf } from './errno.ts'
import {
  type FileMark,
  fileOfId,
  idOfFile,
  isOwnerDead,
  isSameFile,
  isSign,
  isUnchanged,
  lastSignMs,
  markOfFile,
  type PeerFile,
  readPeerFile,
} from './peer-file.ts'
import type { DiscoveryEvent } from './provider.ts'
import { pulseFile } from './pulses.ts'
import { removeFile } from './remove-file.ts'

/** A peer's pulse beats every 5 s at least; three that are missed end its lease. */
const LEASE_MS = 15_000
const MAX_FILES = 4_096
/** How long the peers have to write their files again after the directory was deleted. */
const REWRITE_MS = 3_000

export interface DirectoryViewPort {
  readonly path: string
  readonly mesh: string
  readonly clock: Clock
  readonly isOwn: (id: string) => boolean
  readonly onOwnTouched: (id: string) => void
  readonly emit: (event: DiscoveryEvent) => void
  readonly count: (what: 'ignored' | 'removed') => void
}

interface Seen {
  file: PeerFile
  text: string
  /** Its time stamps are compared, never trusted as a time. */
  mark: FileMark
  /** When, on our clock, the time stamp last changed. */
  changedAtMs: number
  isReported: boolean
}

export class DirectoryView {
  readonly #port: DirectoryViewPort
  readonly #seen = new Map<string, Seen>()
  /** Files that were counted as ignored, by what they looked like then. */
  readonly #ignored = new Set<string>()
  #watcher: FSWatcher | undefined
  #watchedInode = 0
  #isBlind = false
  /** There is a file that could not be read: it is tried again with the next check. */
  #isBehind = false
  #rewrittenByMs = 0

  constructor(port: DirectoryViewPort) {
    this.#port = port
  }

  /** Watches, then reads everything: what comes in between is seen twice, never missed. */
  open(): void {
    this.#watch()
    this.#readAll()
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  /**
   * Called each second: finds who has died.
   * @param isLook whether to find, too, what the watcher missed; without a watcher it always does
   */
  check(isLook: boolean): void {
    const { clock } = this.#port
    const isSame = this.#isSameDirectory()
    if (!isSame) this.#rewrittenByMs = clock.nowMs() + REWRITE_MS
    const isWatched = isSame && this.#watcher !== undefined
    if (!isWatched) this.#watch()
    const isBehind = this.#isBehind || clock.nowMs() < this.#rewrittenByMs
    if (isLook || isBehind || !isWatched) this.#readAll()
    // Several peers of one process live and die together.
    const living = new Set<string>()
    for (const [id, seen] of this.#seen) {
      const owner = `${seen.file.pid} ${seen.file.host}`
      if (this.#isOld(id, seen) || (!living.has(owner) && isOwnerDead(seen.file)))
        this.#bury(id, seen)
      else living.add(owner)
    }
  }

  #isOld(id: string, seen: Seen): boolean {
    const isOver = () => this.#port.clock.nowMs() - seen.changedAtMs > LEASE_MS
    // A pulse wakes nobody: it may have beaten since the last look.
    if (isOver()) this.#isSignAlone(id, isUnchanged)
    return isOver()
  }

  #isSameDirectory(): boolean {
    const found = statSync(this.#port.path, { throwIfNoEntry: false })
    return found !== undefined && found.ino === this.#watchedInode
  }

  #watch(): void {
    this.close()
    const { path } = this.#port
    this.#watchedInode = statSync(path, { throwIfNoEntry: false })?.ino ?? 0
    try {
      const watcher = watch(path, { persistent: false })
      watcher.on('change', (kind, name) => this.#onChange(kind, name))
      watcher.on('error', (error) => this.#goBlind(error))
      this.#watcher = watcher
      this.#isBlind = false
    } catch (error) {
      this.#goBlind(error)
    }
  }

  /** Out of inotify watches, or a file system without them: the check of each second remains. */
  #goBlind(error: unknown): void {
    this.close()
    if (this.#isBlind) return
    this.#isBlind = true
    const text = `${this.#port.path} cannot be watched (${errnoOf(error)}): it is read each second`
    const fault = new EarshotError('EARSHOT_DISCOVERY', text, { cause: error })
    this.#port.emit({ type: 'fault', error: fault })
  }

  #onChange(kind: string, name: string | Buffer | null): void {
    const id = name === null ? undefined : idOfFile(String(name))
    if (id === undefined) return
    // Who has no pulse touches its file each 5 s: all others would read it anew each time.
    if (kind !== 'change' || !this.#isSignAlone(id, isSameFile)) this.#read(id)
  }

  /**
   * Is all that is new of a file a sign of its owner's life? It is noted then.
   * @param isAlike what is enough to know that nothing else is
   */
  #isSignAlone(id: string, isAlike: (mark: FileMark, before: FileMark) => boolean): boolean {
    const seen = this.#seen.get(id)
    const mark = seen && markOfFile(this.#port.path, id)
    if (!mark || !isAlike(mark, seen.mark)) return false
    // Who was taken for long gone is to be told of.
    if (!seen.isReported && isSign(mark, seen.mark)) return false
    this.#noteTouch(seen, mark)
    return true
  }

  #noteTouch(seen: Seen, mark: FileMark): void {
    if (isSign(mark, seen.mark)) seen.changedAtMs = this.#port.clock.nowMs()
    seen.mark = mark
  }

  #readAll(): void {
    let names: string[]
    try {
      names = readdirSync(this.#port.path)
    } catch {
      // The directory is gone: its owner makes it again, and the peers write theirs again.
      return
    }
    // Who is not reported may have no pulse yet, and that would wake nobody.
    this.#isBehind = [...this.#seen.values()].some(({ isReported }) => !isReported)
    const ids = new Set(names.map(idOfFile).filter((id) => id !== undefined))
    for (const id of ids) if (!this.#isSignAlone(id, isUnchanged)) this.#read(id)
    for (const id of [...this.#seen.keys()]) if (!ids.has(id)) this.#read(id)
  }

  #read(id: string): void {
    const { path, mesh, isOwn, onOwnTouched } = this.#port
    if (isOwn(id)) {
      onOwnTouched(id)
      return
    }
    const before = this.#seen.get(id)
    const reading = readPeerFile(path, id, mesh)
    if (reading.kind === 'peer') this.#see(id, before, reading)
    else if (reading.kind === 'unread') this.#isBehind = true
    else if (reading.kind === 'foreign') this.#ignore(id, before)
    else if (reading.kind === 'missing' && before && this.#isWithdrawal())
      this.#lose(id, before, 'goodbye')
  }

  /** A file that went with its whole directory says nothing about its peer. */
  #isWithdrawal(): boolean {
    return this.#port.clock.nowMs() >= this.#rewrittenByMs && this.#isSameDirectory()
  }

  #see(id: string, before: Seen | undefined, reading: ReadPeer): void {
    const { file, text, mark } = reading
    this.#ignored.delete(id)
    if (!before) {
      this.#meet(id, reading)
      return
    }
    const isTouched = isSign(mark, before.mark)
    this.#noteTouch(before, mark)
    if (before.text === text && (before.isReported || !isTouched)) return
    const isRestart = file.record.epoch !== before.file.record.epoch
    const type = before.isReported && !isRestart ? 'change' : 'up'
    before.file = file
    before.text = text
    before.isReported = true
    this.#port.emit({ type, peer: file.record })
  }

  #meet(id: string, { file, text, mark }: ReadPeer): void {
    const { clock, emit } = this.#port
    if (this.#seen.size >= MAX_FILES) return
    if (isOwnerDead(file)) {
      this.#unlink(id)
      return
    }
    // Left over from long ago, or the clock was set: a live owner will touch it soon.
    const isReported = clock.wallMs() - lastSignMs(mark) <= LEASE_MS
    this.#seen.set(id, { file, text, mark, changedAtMs: clock.nowMs(), isReported })
    if (isReported) emit({ type: 'up', peer: file.record })
  }

  #ignore(id: string, before: Seen | undefined): void {
    if (!this.#ignored.has(id)) {
      this.#port.count('ignored')
      if (this.#ignored.size < MAX_FILES) this.#ignored.add(id)
    }
    if (before) this.#lose(id, before, 'withdrawn')
  }

  #bury(id: string, seen: Seen): void {
    this.#unlink(id)
    this.#lose(id, seen, 'expired')
  }

  #unlink(id: string): void {
    if (removeFile(fileOfId(this.#port.path, id))) this.#port.count('removed')
    removeFile(pulseFile(this.#port.path, id))
  }

  #lose(id: string, seen: Seen, reason: 'goodbye' | 'expired' | 'withdrawn'): void {
    const { file, isReported } = seen
    if (!this.#seen.delete(id) || !isReported) return
    this.#port.emit({ type: 'down', id, epoch: file.record.epoch, reason })
  }
}

type ReadPeer = Extract<ReturnType<typeof readPeerFile>, { kind: 'peer' }>
