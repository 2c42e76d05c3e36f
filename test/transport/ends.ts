// What tests of transports bind to, and what hears nothing there.

import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BindOptions, TransportEvents } from '../../src/transport/transport.ts'

const folder = mkdtempSync(join(tmpdir(), 'es-'))

/** Free ports and sockets of loopback and ipc, others each time. */
export const options = (): BindOptions => ({
  ipcFolder: folder,
  ipcStem: randomBytes(8).toString('hex'),
  host: '127.0.0.1',
  port: 0,
  advertise: ['127.0.0.1'],
})

export const deaf: TransportEvents = {
  accepted: () => undefined,
  subscribed: () => undefined,
  asked: async (request) => request,
  malformed: () => undefined,
  refused: () => undefined,
}
