// Owns the provider for peers of one host: a directory in which each peer keeps a file.
// Never needs a network, and never trusts what it has not checked: see peer-file.ts.

import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { type Clock, systemClock, type Timer } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'
import { DirectoryView } from './directory-view.ts'
import { errnoOf } from './errno.ts'
import { DiscoveryEvents } from './event-queue.ts'
import { fileOfId, writePeerFile } from './peer-file.ts'
import type { Announcement, Discovery, DiscoveryEvent, PeerRecord } from './provider.ts'
import { lastPulse, openPulses, type Pulses, touch } from './pulses.ts'
import { removeFile } from './remove-file.ts'
import { ensurePrivate } from './runtime-directory.ts'

const TOUCH_MS = 5_000
const CHECK_MS = 1_000
/** Several times as often as peers touch their pulses. */
const BEATS_WITHIN_MS = 5_000
/** With each of so many checks all files are looked at; between them the watcher tells. */
const CHECKS_PER_LOOK = 5

export interface DirectoryOptions {
  /** What `runtimeDirectory` gave: created, ours, mode 0700. */
  readonly path: string
  readonly clock?: Clock
}

export interface DirectoryStats {
  /** Files not taken: corrupt, over 64 KB, links, or another user's. */
  readonly ignored: number
  /** Files of dead peers that were unlinked. */
  readonly removed: number
  /** Times that the directory itself had to be made again. */
  readonly recreated: number
}

export interface DirectoryDiscovery extends Discovery {
  stats(): DirectoryStats
}

/**
 * Discovery among the processes of one user on one host. A peer is up within a few ms of its
 * file; a removed file is a goodbye, and a dead owner is noticed within 1 s, a silent one
 * after 15 s. The files of dead peers are unlinked by whoever notices first.
 */
export function directory(options: DirectoryOptions): DirectoryDiscovery {
  return new DirectoryProvider(options.path, options.clock ?? systemClock)
}

class DirectoryProvider implements DirectoryDiscovery {
  readonly name: string = 'directory'
  readonly #path: string
  readonly #clock: Clock
  readonly #own = new Map<string, OwnFile>()
  readonly #views = new Map<DirectoryView, DiscoveryEvents>()
  readonly #counts = { ignored: 0, removed: 0, recreated: 0 }
  #checks: Timer | undefined
  #checked = 0
  #failed = false

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  stats(): DirectoryStats {
    return { ...this.#counts }
  }

  async announce(self: PeerRecord, options: { signal: AbortSignal }): Promise<Announcement> {
    this.#makeSure()
    if (self.behalf && this.#lives(self.id)) {
      const text = `${self.id} announces itself in this directory: nobody does on its behalf`
      throw new EarshotError('EARSHOT_DISCOVERY', text)
    }
    // A pulse says that its peer lives: of others nobody can say so.
    const pulses = self.behalf ? undefined : openPulses(this.#path, self.id, this.#clock)
    const own: OwnFile = { record: self, pulses, touchedMs: this.#clock.nowMs() }
    writePeerFile(this.#path, self)
    this.#own.set(self.id, own)
    this.#startChecks()
    const withdraw = () => this.#withdraw(own)
    options.signal.addEventListener('abort', withdraw, { once: true })
    return {
      update: async (change) => {
        own.record = { ...own.record, ...change, id: self.id }
        if (this.#own.get(self.id) === own) writePeerFile(this.#path, own.record)
      },
      withdraw: async () => {
        options.signal.removeEventListener('abort', withdraw)
        withdraw()
      },
    }
  }

  /** One of ours, or one whose pulse beat a moment ago. */
  #lives(id: string): boolean {
    const lastMs = lastPulse(this.#path, id)
    const beats = lastMs !== undefined && Math.abs(this.#clock.wallMs() - lastMs) < BEATS_WITHIN_MS
    return beats || this.#own.get(id)?.pulses !== undefined
  }

  watch(mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
    const events = new DiscoveryEvents(signal, () => {
      view.close()
      this.#views.delete(view)
      this.#stopChecksIfIdle()
    })
    const view = new DirectoryView({
      path: this.#path,
      mesh,
      clock: this.#clock,
      isOwn: (id) => this.#own.has(id),
      onOwnTouched: (id) => this.#checkOwn(id),
      emit: (event) => events.push(event),
      count: (what) => {
        this.#counts[what]++
      },
    })
    this.#views.set(view, events)
    this.#makeSure()
    view.open()
    events.push({ type: 'synced' })
    this.#startChecks()
    return events
  }

  close(): Promise<void> {
    for (const own of [...this.#own.values()]) this.#withdraw(own)
    for (const events of [...this.#views.values()]) events.end()
    this.#stopChecksIfIdle()
    return Promise.resolve()
  }

  #withdraw(own: OwnFile): void {
    const { id } = own.record
    if (this.#own.get(id) !== own) return
    this.#own.delete(id)
    removeFile(fileOfId(this.#path, id))
    // Where the peer lives on it beats again; where it dies of a sudden nothing is left.
    own.pulses?.close()
    this.#stopChecksIfIdle()
  }

  #startChecks(): void {
    this.#checks ??= this.#clock.every(CHECK_MS, () => this.#check(), true)
  }

  #stopChecksIfIdle(): void {
    if (this.#own.size > 0 || this.#views.size > 0) return
    this.#checks?.cancel()
    this.#checks = undefined
  }

  /** Nothing in here may throw: it runs from a timer. */
  #check(): void {
    const isLook = ++this.#checked % CHECKS_PER_LOOK === 0
    this.#makeSure()
    for (const id of this.#own.keys()) this.#checkOwn(id)
    for (const view of this.#views.keys()) view.check(isLook)
  }

  /** Renews our lease, and writes our file again when somebody has taken it away. */
  #checkOwn(id: string): void {
    const own = this.#own.get(id)
    if (!own) return
    const path = fileOfId(this.#path, id)
    try {
      if (!existsSync(path)) writePeerFile(this.#path, own.record)
      else if (this.#clock.nowMs() - own.touchedMs < TOUCH_MS) return
      if (!own.pulses?.beat()) touch(path, this.#clock)
      own.touchedMs = this.#clock.nowMs()
    } catch (cause) {
      this.#fault(`our file in ${this.#path} cannot be written (${errnoOf(cause)})`, cause)
    }
  }

  /** Makes the directory again when it was deleted, and tells the views to look afresh. */
  #makeSure(): void {
    try {
      const isThere = statSync(this.#path, { throwIfNoEntry: false })?.isDirectory() === true
      if (!isThere) {
        ensurePrivate(this.#path)
        this.#counts.recreated++
        this.#fault(`the directory ${this.#path} was deleted: it has been made again`)
        for (const id of this.#own.keys()) this.#checkOwn(id)
      }
      accessSync(this.#path, constants.R_OK | constants.X_OK)
      this.#failed = false
    } catch (cause) {
      if (this.#failed) return
      this.#failed = true
      this.#fault(`the directory ${this.#path} cannot be used (${errnoOf(cause)})`, cause)
    }
  }

  #fault(text: string, cause?: unknown): void {
    const error = new EarshotError('EARSHOT_DISCOVERY', text, { cause })
    for (const events of this.#views.values()) {
      events.push({ type: 'fault', error, retryInMs: CHECK_MS })
    }
  }
}

interface OwnFile {
  record: PeerRecord
  /** Touched in place of the file, which all others watch. */
  readonly pulses: Pulses | undefined
  touchedMs: number
}
