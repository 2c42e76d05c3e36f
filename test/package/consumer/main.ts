// A user's program: it knows the package by its name alone. Two processes, no address, one
// contract.
// The last line it prints is reported.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { contract, createPeer, EarshotError, event, notification, request } from 'earshot'
import { createVirtualClock, type VirtualClock } from 'earshot/testing'
import { Type } from 'typebox'

const Shop = contract('consumer.shop', '1.0.0', {
  place: request(
    Type.Object({ sku: Type.String(), count: Type.Integer() }),
    Type.Object({ total: Type.Number() }),
  ),
  cancel: notification(Type.Object({ id: Type.Integer() })),
  placed: event(Type.Object({ id: Type.Integer() })),
})

async function serve(mesh: string): Promise<void> {
  const peer = await createPeer({ name: 'server', mesh })
  await peer.serve(Shop, {
    place: async ({ count }) => ({ total: count * 2 }),
    cancel: async ({ id }) => {
      await peer.publish(Shop.placed, { id })
    },
  })
  await new Promise((done) => process.once('message', done))
  await peer.close()
  process.disconnect()
}

async function call(mesh: string): Promise<void> {
  const server = fork(fileURLToPath(import.meta.url), [mesh])
  await using peer = await createPeer({ name: 'caller', mesh })
  const shop = peer.client(Shop, { timeoutMs: 15_000 })
  const { total } = await shop.place({ sku: 'x', count: 21 })
  const heard = await peer.subscribe(Shop.placed)
  await shop.cancel({ id: 7 })
  for await (const { id } of heard) {
    if (total !== 42 || id !== 7) throw new Error(`${total} and ${id} instead of 42 and 7`)
    break
  }
  const wrong = shop.place({ sku: 'x', count: 1.5 })
  const error: unknown = await wrong.catch((thrown: unknown) => thrown)
  if (!(error instanceof EarshotError) || error.path !== '/count') throw error
  const [found] = peer.peers()
  server.send('close')
  const [code] = await once(server, 'exit')
  if (code !== 0) throw new Error(`the server exited with ${code}`)
  console.log(`found ${found?.name} by ${found?.via} over ${found?.transport}, in three patterns`)
}

async function time(): Promise<void> {
  const clock: VirtualClock = createVirtualClock(1_000)
  let fired = false
  clock.after(500, () => {
    fired = true
  })
  await clock.advance(500)
  if (!fired || clock.nowMs() !== 1_500) throw new Error('the virtual clock does not keep time')
}

const [mesh] = process.argv.slice(2)
if (mesh !== undefined) await serve(mesh)
else {
  await time()
  await call(`consumer-${process.pid}`)
}
