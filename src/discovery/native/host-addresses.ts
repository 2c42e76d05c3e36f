// Owns one question by multicast: which IPv4 addresses a `.local` host has.
// Never uses the resolver of the system: only where nss-mdns is set up does that know such names.

import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { type Clock, systemClock } from '../../base/clock.ts'
import { decodePacket } from '../mdns/decode.ts'
import { encodePacket } from '../mdns/encode.ts'
import { isOnLink, listInterfaces, type NetworkInterface } from '../mdns/interfaces.ts'
import { sameName } from '../mdns/names.ts'
import { query } from '../mdns/packet.ts'

const GROUP = '224.0.0.251'
const PORT = 5_353
const TTL = 255
/** A packet that is lost is asked for once more. */
const ASKS_MS = [0, 200]
const LIMIT_MS = 1_000
const MAX_ADDRESSES = 4

/** The IPv4 addresses of this host, on one interface where it is named. */
export function addressesHere(networkInterface: string | undefined): string[] {
  return linksOf(networkInterface)
    .map(({ address }) => address)
    .slice(0, MAX_ADDRESSES)
}

/** Resolves with what was said within a second, at most 4; empty when nothing was. */
export function hostAddresses(
  host: string,
  networkInterface: string | undefined,
  clock: Clock = systemClock,
): Promise<string[]> {
  const name = host.replace(/\.$/, '')
  const found = new Set<string>()
  const sockets = new Set<Socket>()
  const question = encodePacket(query({ questions: [{ name, type: 'A' }] }))
  const interfaces = linksOf(networkInterface)
  return new Promise((resolve) => {
    const end = () => {
      for (const timer of timers) timer.cancel()
      for (const socket of sockets) socket.close()
      sockets.clear()
      resolve([...found])
    }
    const ask = () => {
      for (const socket of sockets) socket.send(question, PORT, GROUP, () => undefined)
    }
    const timers = [clock.after(LIMIT_MS, end)]
    for (const one of interfaces) {
      const socket = createSocket('udp4')
      // An interface that fails has nothing to say; the others may.
      socket.on('error', () => undefined)
      socket.on('message', (bytes, { address, port }) => {
        if (port !== PORT || !isOnLink(one, address) || found.size > 0) return
        for (const record of decodePacket(bytes)?.answers ?? []) {
          if (record.type !== 'A' || !sameName(record.name, name)) continue
          if (found.size < MAX_ADDRESSES) found.add(record.data)
        }
        if (found.size > 0) end()
      })
      socket.bind(0, one.address, () => {
        socket.setMulticastInterface(one.address)
        socket.setMulticastTTL(TTL)
        sockets.add(socket)
        for (const atMs of ASKS_MS) timers.push(clock.after(atMs, ask))
      })
    }
    if (interfaces.length === 0) end()
  })
}

function linksOf(networkInterface: string | undefined): NetworkInterface[] {
  // The daemon speaks wherever it was told to, on public addresses as well.
  const all = Object.values(networkInterfaces()).flatMap((infos = []) => infos)
  const beyond = all.filter(({ family, internal }) => family === 'IPv4' && !internal)
  return listInterfaces(beyond.map(({ address }) => address)).filter(
    ({ name }) => networkInterface === undefined || name === networkInterface,
  )
}
