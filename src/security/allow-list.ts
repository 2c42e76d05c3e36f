// Owns the trust of a list of keys: who is on it now, and word of each change while a peer runs.
// Never lets a bad line admit anybody, nor keep anybody in who was taken off the list.

import { type BigIntStats, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkOptions } from '../base/arguments.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import { type AllowFile, parseAllowFile, type Trusted } from './allow-file.ts'
import { readKeyFile } from './key-file.ts'
import type { CurveKeys } from './keys.ts'
import { mustBe, readTrusted } from './private-file.ts'
import type { Security } from './security.ts'
import type { Trust } from './trust.ts'

export interface AllowListOptions {
  /** File of this peer's own key. Default `earshot.key` beside the list. */
  readonly key?: string
}

/** Polling works on every file system, also where editors and mounts put a new file in place. */
const LOOK_MS = 250
/** A file that never comes to rest is read all the same: who was taken off must not stay. */
const MAX_RESTLESS_LOOKS = 3
/** 10 000 keys and their comments. */
const MAX_LIST_BYTES = 2_097_152

/**
 * Each peer has a key of its own, and `file` lists the public keys of those who are let in: a line
 * `<public key> <name> [role,role…]` each, `#` begins a comment. Who is taken off the list is cut
 * off within a second, who is put on it is let in, without a restart.
 * `earshot keys new` makes a key, `earshot trust add` puts one on the list.
 * At start, bad lines are EARSHOT_TRUST_INVALID with file and line; later they are reported.
 */
export function allowList(file: string, options: AllowListOptions = {}): Security {
  if (typeof file !== 'string' || file === '') {
    const text = 'allowList takes the path of a list of public keys'
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/security' })
  }
  checkOptions(options, ['key'])
  const keyFile = options.key ?? join(dirname(file), 'earshot.key')
  return {
    mode: 'allow-list',
    open: async () => {
      const own = readKeyFile(keyFile)
      // Before it is read: a change from then on is seen by who watches.
      const look = lookOf(file)
      const list = readList(file)
      const [error] = list.errors
      if (error) throw error
      return new AllowListTrust(file, own, list, look)
    },
  }
}

/** The list as it stands. @throws EARSHOT_TRUST_INVALID when others may write it, or it is gone */
function readList(file: string): AllowFile {
  return parseAllowFile(file, readTrusted(file, mustBe.unwritable, MAX_LIST_BYTES))
}

class AllowListTrust implements Trust {
  readonly own: CurveKeys
  readonly personal = true
  readonly #file: string
  #trusted: ReadonlyMap<string, Trusted>
  /** The file as it was when it was read, and when it was last looked at. */
  #read: string
  #seen: string
  /** How often it looked different, since it was read last. */
  #restless = 0
  #timer: Timer | undefined

  constructor(file: string, own: CurveKeys, { trusted }: AllowFile, look: string) {
    this.own = own
    this.#file = file
    this.#trusted = trusted
    this.#read = look
    this.#seen = look
  }

  guards(): boolean {
    return true
  }

  admits(publicKey: string): boolean {
    return this.#trusted.has(publicKey)
  }

  find(publicKey: string): Trusted | undefined {
    return this.#trusted.get(publicKey)
  }

  all(): Iterable<Trusted> {
    return this.#trusted.values()
  }

  watch(clock: Clock, changed: (lost: boolean) => void): void {
    this.#timer = clock.every(LOOK_MS, () => this.#look(changed), true)
  }

  close(): void {
    this.#timer?.cancel()
  }

  /** A file that is being written is not read: it must look the same twice, within a second. */
  #look(changed: (lost: boolean) => void): void {
    const look = lookOf(this.#file)
    const isStill = look === this.#seen
    this.#seen = look
    if (look === this.#read) return
    if (!isStill && ++this.#restless < MAX_RESTLESS_LOOKS) return
    this.#restless = 0
    this.#read = look
    const before = this.#trusted
    this.#trusted = this.#current()
    changed([...before.values()].some((one) => !sameRoles(one, this.#trusted.get(one.curveKey))))
  }

  /** What cannot be read lets nobody in: a list that is gone is no reason to trust. */
  #current(): ReadonlyMap<string, Trusted> {
    try {
      const { trusted, errors } = readList(this.#file)
      for (const { message, code } of errors) {
        reportFault({ area: 'trust', text: `${message}; the line lets nobody in`, code })
      }
      return trusted
    } catch (error) {
      const { message, code } = toEarshotError(error, 'EARSHOT_TRUST_INVALID')
      reportFault({ area: 'trust', text: `${message}; nobody is let in until it can be`, code })
      return new Map()
    }
  }
}

function sameRoles(one: Trusted, other: Trusted | undefined): boolean {
  return other !== undefined && one.roles.join() === other.roles.join()
}

/** Another text for another file, contents or mode. Never throws: reading it says what is wrong. */
function lookOf(file: string): string {
  let found: BigIntStats | undefined
  try {
    found = statSync(file, { throwIfNoEntry: false, bigint: true })
  } catch (error) {
    // A loop of links, or a directory that we may not enter.
    return `hidden: ${(error as NodeJS.ErrnoException).code}`
  }
  if (!found) return 'gone'
  const { dev, ino, size, mode, mtimeNs, ctimeNs } = found
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join(' ')
}
