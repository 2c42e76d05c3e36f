// A proxy for TCP between a peer that dials and one that is dialled: what goes through it can be
// cut, for both or for one of them alone, or lost on its way.

import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Proxy {
  readonly endpoint: string
  /** Nothing more comes back from who was dialled. */
  mute(): void
  /** Nothing more goes to who was dialled. */
  deafen(): void
  /** Who dialled sees the end of its connections; who was dialled sees nothing. */
  hangUp(): void
  cut(): void
  /** Who comes from now on is led there. */
  lead(inbox: string): void
}

/** @param inbox an endpoint of 127.0.0.1 */
export async function proxyTo(inbox: string): Promise<Proxy> {
  let leads = inbox
  const pairs = new Map<Socket, Socket>()
  const sockets = () => [...pairs].flat()
  const server = createServer((near) => {
    const far = connect(Number(leads.split(':').at(-1)), '127.0.0.1')
    for (const socket of [near, far]) socket.on('error', () => undefined)
    near.pipe(far).pipe(near)
    pairs.set(near, far)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const cut = () => {
    for (const socket of sockets()) socket.destroy()
    pairs.clear()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return {
    endpoint: `tcp://127.0.0.1:${port}`,
    mute: () => {
      for (const [near, far] of pairs) far.unpipe(near)
    },
    deafen: () => {
      for (const [near, far] of pairs) near.unpipe(far)
    },
    hangUp: () => {
      for (const near of pairs.keys()) near.destroy()
    },
    cut,
    lead: (to) => {
      leads = to
    },
  }
}
