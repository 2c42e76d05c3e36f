// Owns a look at a port as ZeroMQ greets: is anybody there, does it speak, does it ask for a key.
// Never says more than a greeting, and never proves who is there.

import { connect } from 'node:net'

/**
 * `speaks`: with the mechanism that it asks for, `NULL` or `CURVE`. `mute`: the connection is
 * accepted, and nothing is said. `silent`: nothing comes back at all. Or the code of the error.
 */
export type Greeting =
  | { readonly is: 'speaks'; readonly mechanism: string }
  | { readonly is: 'mute' | 'silent' | 'error'; readonly code: string }

const LIMIT_MS = 1_500
/**
 * The first 11 bytes: behind the version the other side tells its mechanism, and has none of ours
 * to refuse. Source: ZMTP 3.1 (ZeroMQ RFC 37): signature, version, mechanism, as-server, filler.
 */
const HALF_GREETING = Buffer.from('ff00000000000000007f03', 'hex')
const MECHANISM_AT = 12
const MECHANISM_END = 32

/** @param endpoint of TCP or ipc. Resolves within 1.5 s. Never rejects. */
export function greetingAt(endpoint: string): Promise<Greeting> {
  const [, path, host = '', port] =
    /^(?:ipc:\/\/(.+)|tcp:\/\/\[?([^\]/]+?)\]?:(\d+)(?:#.*)?)$/.exec(endpoint) ?? []
  return new Promise((resolve) => {
    const socket = connect(path === undefined ? { host, port: Number(port) } : { path })
    let isOpen = false
    let heard = Buffer.alloc(0)
    const end = (greeting: Greeting) => {
      socket.destroy()
      resolve(greeting)
    }
    socket.setTimeout(LIMIT_MS, () => end({ is: isOpen ? 'mute' : 'silent', code: '' }))
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => end({ is: 'error', code }))
    socket.once('end', () => end({ is: 'mute', code: '' }))
    socket.once('connect', () => {
      isOpen = true
      socket.write(HALF_GREETING)
    })
    socket.on('data', (bytes) => {
      heard = Buffer.concat([heard, bytes])
      if (heard.length < MECHANISM_END) return
      const mechanism = heard.toString('latin1', MECHANISM_AT, MECHANISM_END).replace(/\0.*$/s, '')
      end({ is: 'speaks', mechanism })
    })
  })
}
