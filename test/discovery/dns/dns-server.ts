// Owns a DNS server in the test's own process, over UDP and TCP, that can also misbehave.
// Never resolves anything: it says what it was told.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, TRUNCATED_RESPONSE } from 'dns-packet'
import { errnoOf } from '../../../src/discovery/errno.ts'

const NXDOMAIN = 3
const MAX_UDP_BYTES = 1_232

export type Reply = readonly Answer[] | 'nxdomain' | 'servfail' | 'silence' | Buffer

export class DnsServer {
  readonly asked: string[] = []
  /** What is said to `SRV name` or `A name`; without an entry there is no such name. */
  readonly zone = new Map<string, Reply>()
  #udp: Socket = createSocket('udp4')
  readonly #tcp: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      const reply = this.#answer(bytes.subarray(2))
      if (reply)
        socket.end(Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 255), reply]))
      else socket.destroy()
    })
  })
  #address = ''

  /** As `servers` takes it. */
  get address(): string {
    return this.#address
  }

  async start({ tcp = true } = {}): Promise<this> {
    // A port that is free for UDP may be taken for TCP by somebody else.
    while (!(await this.#listen(tcp))) this.#udp.close()
    return this
  }

  async #listen(tcp: boolean): Promise<boolean> {
    const udp = createSocket('udp4')
    this.#udp = udp
    udp.on('message', (bytes, { port, address }) => {
      const reply = this.#answer(bytes)
      if (!reply) return
      const isLong = reply.length > MAX_UDP_BYTES
      udp.send(isLong ? this.#cut(bytes) : reply, port, address)
    })
    udp.bind(0, '127.0.0.1')
    await once(udp, 'listening')
    const { port } = udp.address()
    this.#address = `127.0.0.1:${port}`
    if (!tcp) return true
    this.#tcp.listen(port, '127.0.0.1')
    try {
      await once(this.#tcp, 'listening')
      return true
    } catch (error) {
      if (errnoOf(error) === 'EADDRINUSE') return false
      throw error
    }
  }

  /** The service has these pods: SRV for each, and an address for each. */
  serve(name: string, pods: Readonly<Record<string, string>>, ttl = 5): void {
    const srv = `_earshot._tcp.${name}`
    const targets = Object.keys(pods).map((pod) => `${pod}.${name}`)
    this.zone.set(
      `SRV ${srv}`,
      targets.map((target) => ({ type: 'SRV', name: srv, ttl, data: { port: 4_711, target } })),
    )
    for (const [pod, data] of Object.entries(pods)) {
      const host = `${pod}.${name}`
      this.zone.set(`A ${host}`, [{ type: 'A', name: host, ttl, data }])
    }
  }

  async stop(): Promise<void> {
    this.#udp.close()
    if (!this.#tcp.listening) return
    this.#tcp.close()
    await once(this.#tcp, 'close')
  }

  #cut(query: Buffer): Buffer {
    const { id = 0, questions = [] } = decode(query)
    return encode({ type: 'response', id, questions, flags: TRUNCATED_RESPONSE })
  }

  #answer(bytes: Buffer): Buffer | undefined {
    const { id = 0, questions = [] } = decode(bytes)
    const [question] = questions
    const key = `${question?.type} ${question?.name.toLowerCase()}`
    this.asked.push(key)
    const reply = this.zone.get(key) ?? 'nxdomain'
    if (reply === 'silence') return undefined
    if (Buffer.isBuffer(reply)) return Buffer.concat([bytes.subarray(0, 2), reply])
    const code = reply === 'nxdomain' ? NXDOMAIN : reply === 'servfail' ? 2 : 0
    const answers = typeof reply === 'string' ? [] : [...reply]
    const flags = AUTHORITATIVE_ANSWER | code
    return encode({ type: 'response', id, flags, questions, answers })
  }
}
