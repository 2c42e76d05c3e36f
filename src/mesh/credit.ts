// Owns how many bytes the other side of a link lets us send: the counterpart of its window.
// Hot path: once a frame. Never sends, and never trusts: our own bound holds, whatever is promised.

import type { Limits } from '../base/limits.ts'

/** What a link ever has on its way, however much the other side lets it: said in the hello. */
export function mostOnItsWayBytes({ maxOutboundBytes }: Limits): number {
  return maxOutboundBytes * 4
}

export class Credit {
  /** Bytes that may leave now; below 0 when the last frame was larger than what was left. */
  left = 0
  #windowBytes = 0
  readonly #mostBytes: number

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  add(bytes: number): void {
    this.left = Math.min(this.left + bytes, this.#mostBytes)
  }

  /** `bytes` may be on their way from now on: the difference may leave, or may not. */
  resize(bytes: number): void {
    const windowBytes = Math.min(bytes, this.#mostBytes)
    this.left += windowBytes - this.#windowBytes
    this.#windowBytes = windowBytes
  }
}
