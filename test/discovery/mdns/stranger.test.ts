// What a program of another making, of dgram and dns-packet alone, hears from a peer on loopback.

import { createSocket, type Socket } from 'node:dgram'
import dns, { type Answer, type DecodedPacket, type Question } from 'dns-packet'
import { mdns } from 'earshot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomMesh } from '../../support/peers.ts'
import { eventually, randomId } from '../support.ts'

const id = randomId()
const host = `es-${id.slice(0, 16)}.local`
const instance = `till-${id.slice(0, 8)}._earshot._tcp.local`
const provider = mdns({ scope: 'host' })
const stop = new AbortController()
const heard: { packet: DecodedPacket; by: Socket }[] = []
let neighbour: Socket
let resolver: Socket

async function open(port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: port !== 0 })
  socket.on('message', (bytes) => heard.push({ packet: dns.decode(bytes), by: socket }))
  await new Promise<void>((resolve) => {
    socket.bind({ address: port === 0 ? '127.0.0.1' : '0.0.0.0', port, exclusive: true }, resolve)
  })
  socket.setMulticastInterface('127.0.0.1')
  if (port !== 0) socket.addMembership('224.0.0.251', '127.0.0.1')
  return socket
}

beforeAll(async () => {
  neighbour = await open(5_353)
  resolver = await open(0)
  const record = { id, epoch: 1, seq: 0, mesh: randomMesh(), name: 'till' }
  const places = { inbox: ['tcp://127.0.0.1:4711'], door: [] }
  await provider.announce({ ...record, ...places }, { signal: stop.signal })
  // Twice, a second apart.
  const announced = () => answersOf(heard).filter(({ name, type }) => name === host && type === 'A')
  await eventually(() => announced().length >= 2)
})
afterAll(async () => {
  stop.abort()
  await provider.close()
  neighbour.close()
  resolver.close()
})

function answersOf(all: typeof heard): Answer[] {
  const responses = all.filter(({ packet }) => packet.type === 'response')
  return responses.flatMap(({ packet }) => [
    ...(packet.answers ?? []),
    ...(packet.additionals ?? []),
  ])
}

/** What `by` hears of the name within 1.3 s: a record is told once a second. */
async function ask(by: Socket, question: Question): Promise<Answer[]> {
  heard.length = 0
  const bytes = dns.encode({ type: 'query', questions: [{ ...question, class: 'IN' }] })
  by.send(bytes, 5_353, '224.0.0.251')
  const mine = () => answersOf(heard.filter((one) => one.by === by))
  await eventually(() => mine().length > 0, 1_300).catch(() => undefined)
  return mine().filter(({ name }) => name === question.name)
}

describe('a program of another making', () => {
  it('hears which types a name has when it asks for one that it has not', async () => {
    const address = await ask(neighbour, { name: host, type: 'AAAA' })
    // Source: RFC 6762, 6.1: the name itself is the next, and the bit to flush is set.
    const denial = { type: 'NSEC', name: host, flush: true, ttl: 120 }
    expect(address).toMatchObject([{ ...denial, data: { nextDomain: host, rrtypes: ['A'] } }])
    const service = await ask(neighbour, { name: instance, type: 'HINFO' })
    const data = { nextDomain: instance, rrtypes: ['TXT', 'SRV'] }
    expect(service).toMatchObject([{ ...denial, name: instance, data }])
  })

  it('hears no denial as a resolver of old, nor of a name of others', async () => {
    expect(await ask(resolver, { name: host, type: 'AAAA' })).toEqual([])
    const located = await ask(resolver, { name: host, type: 'A' })
    expect(located).toMatchObject([{ type: 'A', data: '127.0.0.1', ttl: 10, flush: false }])
    expect(await ask(neighbour, { name: 'es-0.local', type: 'AAAA' })).toEqual([])
  })
})
