// Owns sockets of another making with a key of the list: a DEALER that is a peer, and its hello.

import type { Peer } from 'earshot'
import { expect, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { boundId } from '../../src/mesh/introduction.ts'
import { readKeyFile } from '../../src/security/key-file.ts'
import { proofFor } from '../../src/security/proof.ts'
import { Kind } from '../../src/wire/record.ts'
import type { Keys, Name } from './keys.ts'
import { until } from './peers.ts'
import { helloOf, nextFrame, record } from './strangers.ts'

/** Of a socket that dials the server with somebody's key. */
export function rawOptions({ keyFile }: Keys, as: Name): object {
  const { publicKey: curvePublicKey, secretKey: curveSecretKey } = readKeyFile(keyFile(as))
  const curveServerKey = readKeyFile(keyFile('server')).publicKey
  return { linger: 0, receiveTimeout: 5_000, curveServerKey, curvePublicKey, curveSecretKey }
}

/** Where a socket of it listens by TCP. */
export function at(server: Peer, socket: 'inbox' | 'outlet' | 'door'): string {
  return server.endpoints[socket].at(-1) as string
}

/** What it says to the server, proof included. */
export function helloAs(keys: Keys, as: Name): { readonly id: string } {
  const own = readKeyFile(keys.keyFile(as))
  const claim = { mesh: keys.mesh, id: boundId('ab'.repeat(16), own.publicKey), epoch: 7 }
  const proof = proofFor(claim, own, readKeyFile(keys.keyFile('server')).publicKey)
  return { ...helloOf(keys.mesh, { key: keys.keys[as].publicKey, proof }), ...claim }
}

export function rawDealer(keys: Keys, server: Peer, as: Name): zmq.Dealer {
  const dealer = new zmq.Dealer(rawOptions(keys, as))
  onTestFinished(() => dealer.close())
  dealer.connect(at(server, 'inbox'))
  return dealer
}

/** Its hello has been answered, and one word followed. */
export async function rawPeer(keys: Keys, server: Peer, as: Name) {
  const dealer = rawDealer(keys, server, as)
  const hello = helloAs(keys, as)
  await dealer.send(record(Kind.hello, hello))
  expect((await nextFrame(dealer))[2]).toBe(Kind.welcome)
  await dealer.send(record(Kind.beat, ''))
  await until('it is a peer', () => server.peers().some(({ id }) => id === hello.id))
  return { dealer, hello }
}
