// Owns a peer in a process of its own, inside a network namespace, told what to do by lines.
// Compiled by the test that starts it: Node 20 does not run TypeScript.

import { createSocket } from 'node:dgram'
import { subscribe } from 'node:diagnostics_channel'
import { createInterface } from 'node:readline'
import { mdns } from '../../../src/discovery/mdns/mdns.ts'
import { nativeMdns } from '../../../src/discovery/native/native.ts'

const { id = '', mesh = '', scope = 'host', host = '127.0.0.1', port = '1' } = process.env
const embedded = mdns({ scope: scope === 'lan' || scope === 'host' ? scope : [scope] })
const provider = process.env.native ? nativeMdns() : embedded
const stop = new AbortController()
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
subscribe('earshot:note', (note) => say({ ...(note as object), type: 'note' }))

function noise(count: number): void {
  const socket = createSocket('udp4')
  socket.bind(0, host, () => {
    socket.setMulticastInterface(host)
    let left = count
    const done = () => {
      if (--left === 0) socket.close()
    }
    for (let i = 0; i < count; i++) socket.send(Buffer.alloc(i % 12, i), 5_353, '224.0.0.251', done)
  })
}

const inbox = host.split(',').map((one) => `tcp://${one}:${port}`)
const record = { id, epoch: 1, seq: 0, mesh, inbox, door: [] }
const fault = (error: Error) => {
  say({ type: 'fault', message: error.message })
}
const announcement = await provider
  .announce(record, { signal: stop.signal })
  .catch((error: Error) => {
    fault(error)
    return undefined
  })

createInterface({ input: process.stdin }).on('line', async (line) => {
  const [command, argument] = line.split(' ')
  if (command === 'stats') say({ type: 'stats', ...embedded.stats() })
  if (command === 'noise') noise(Number(argument))
  if (command === 'leave') {
    await announcement?.withdraw()
    await provider.close()
    process.stdin.unref()
    stop.abort()
  }
})

say({ type: 'started' })
for await (const event of provider.watch(mesh, { signal: stop.signal })) {
  if (event.type === 'fault') fault(event.error)
  else say(event)
}
