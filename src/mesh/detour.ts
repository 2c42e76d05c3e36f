// Owns the way round by the link to a publisher whose outlet does not answer: behind a firewall, or
// an address that leads nowhere. Never the only way: the outlet is tried on, and takes over again.

import type { LinkHearing } from './link-hearing.ts'

/** What is heard of one channel, by what it was asked for. */
interface Wanted {
  readonly prefix: Buffer
}

export class Detour {
  /** A frame of the link is being handed on. */
  taking = false
  readonly #open: () => LinkHearing
  readonly #onFrame: (frame: Buffer) => void
  readonly #wanted = new Set<Wanted>()
  /** Those of which something has come by this link: it is in force. */
  readonly #brought = new Set<Wanted>()
  #hearing: LinkHearing | undefined
  #paused = false

  constructor(open: () => LinkHearing, onFrame: (frame: Buffer) => void) {
    this.#open = open
    this.#onFrame = onFrame
  }

  get used(): boolean {
    return this.#wanted.size > 0
  }

  has(wanted: Wanted): boolean {
    return this.#wanted.has(wanted)
  }

  /** It comes by the link, as far as is known. */
  brings(wanted: Wanted): boolean {
    return this.#brought.has(wanted)
  }

  /** Something of it has come by the link. False: nobody waits for it there any more. */
  brought(wanted: Wanted): boolean {
    if (!this.#wanted.has(wanted)) return false
    this.#brought.add(wanted)
    return true
  }

  /** Asks by the link too, and for an answer to the marker. */
  begin(wanted: Wanted, marker: Buffer): void {
    const hearing = this.resume()
    if (!this.#wanted.has(wanted)) {
      this.#wanted.add(wanted)
      hearing.subscribe(wanted.prefix)
    }
    hearing.subscribe(marker)
  }

  /** The outlet brings it again, or nobody wants it any more. */
  end(wanted: Wanted): void {
    if (!this.#wanted.delete(wanted)) return
    this.#brought.delete(wanted)
    this.#hearing?.unsubscribe(wanted.prefix)
    if (this.#wanted.size === 0) this.close()
  }

  /** By the link that there is now: the one before may have been lost. */
  resume(): LinkHearing {
    if (this.#hearing) return this.#hearing
    const hearing = this.#open()
    this.#hearing = hearing
    hearing.pause(this.#paused)
    hearing.onFrame = (frame) => {
      this.taking = true
      this.#onFrame(frame)
      this.taking = false
    }
    hearing.onDenied = (prefix) => this.#denied(prefix)
    hearing.onClose = () => {
      if (this.#hearing !== hearing) return
      this.#hearing = undefined
      this.#brought.clear()
    }
    for (const { prefix } of this.#wanted) hearing.subscribe(prefix)
    return hearing
  }

  /** It may not be heard by the link either: the outlet alone may still bring it. */
  #denied(prefix: Buffer): void {
    for (const wanted of this.#wanted) {
      if (!wanted.prefix.equals(prefix)) continue
      this.#wanted.delete(wanted)
      this.#brought.delete(wanted)
    }
  }

  pause(paused: boolean): void {
    this.#paused = paused
    this.#hearing?.pause(paused)
  }

  close(): void {
    this.#wanted.clear()
    this.#brought.clear()
    this.#hearing?.close()
    this.#hearing = undefined
  }
}
