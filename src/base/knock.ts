// Owns knocking at a local address to learn whether anybody listens there.
// Never says a word: whoever opens is left at once.

import { connect } from 'node:net'

export type Address = { readonly path: string } | { readonly host: string; readonly port: number }

/** `open`, `silent` when nothing was heard within `limitMs`, or the code of the error. */
export function knock(address: Address, limitMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(address)
    const end = (answer: string) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(limitMs, () => end('silent'))
    socket.once('connect', () => end('open'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'failed'))
  })
}
