// Versions of contracts within one process, and what is told of them at the door and by errors.

import { contract, createPeer, event, notification, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, vi } from 'vitest'
import { askDoor } from '../src/transport/ask-door.ts'
import { handlers, Shop } from './support/contract.ts'
import { failure, faults, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const tell = notification(Type.Object({ a: Type.Integer() }))
const more = Type.String({ default: 'filled' })
const Old = contract('test.minor', '1.0.0', {
  ask: request(Type.Object({ a: Type.Integer() }), Type.Object({ text: Type.String() })),
  said: event(Type.Object({ a: Type.Integer() })),
  tell,
})
const larger = {
  ask: request(
    Type.Object({ a: Type.Integer(), more }),
    Type.Object({ text: Type.String(), more }),
  ),
  said: event(Type.Object({ a: Type.Integer(), more })),
  tell,
}
const Next = contract('test.minor', '1.1.0', larger)
/** As large, and says that it is what the old one is. */
const Loose = contract('test.minor', '1.0.0', larger)

describe('two minor versions in one process', () => {
  it('may be used at once, and one of them be served', async () => {
    const [a, b] = await pairOf()
    await a.serve(Old, { ask: ({ a: n }) => ({ text: `a ${n}` }), tell: () => undefined })
    await b.serve(Next, {
      ask: ({ a: n, more }) => ({ text: `b ${n} ${more}`, more: 'said' }),
      tell: () => undefined,
    })
    expect(await a.client(Next).ask({ a: 1, more: 'x' })).toEqual({ text: 'b 1 x', more: 'said' })
    expect(await a.client(Old).ask({ a: 2 })).toEqual({ text: 'b 2 filled' })
    expect(await b.client(Next).ask({ a: 3, more: 'x' })).toEqual({ text: 'a 3', more: 'filled' })
  })

  it('may be heard at once from one publisher, each event once by each', async () => {
    const [a, b] = await pairOf()
    const heard: unknown[] = []
    await a.subscribe(Old.said, (body) => void heard.push(['old', body]))
    await a.subscribe(Next.said, (body) => void heard.push(['next', body]))
    // The second publish is heard by both; where a version was guessed the first may not be.
    await b.publish(Next.said, { a: 0, more: 'x' })
    await until('both hear', async () => {
      const { listeners } = b.publisher(Next.said)
      return listeners === 2
    })
    heard.length = 0
    await b.publish(Next.said, { a: 1, more: 'x' })
    await until('both have heard', () => heard.length === 2)
    expect(heard.sort()).toEqual([
      ['next', { a: 1, more: 'x' }],
      ['old', { a: 1 }],
    ])
  })

  it('of one major cannot both be served or published', async () => {
    const peer = await testPeer({ name: 'x', mesh: randomMesh() })
    await peer.serve(Old, { ask: () => ({ text: '' }), tell: () => undefined })
    const clash = { code: 'EARSHOT_CONTRACT_CLASH', message: expect.stringMatching(/1\.0.*1\.1/) }
    const served = peer.serve(Next, { ask: () => ({ text: '', more: '' }), tell: () => undefined })
    expect(await failure(served)).toMatchObject(clash)
    expect(await failure(peer.publish(Next.said, { a: 1, more: '' }))).toMatchObject(clash)
    expect(() => peer.publisher(Next.said)).toThrow(expect.objectContaining(clash))
    await peer.publish(Old.said, { a: 1 })
  })
})

describe('a subscriber that came first', () => {
  it.each(['json', 'msgpack', 'avro', 'protobuf'] as const)(
    'hears in %s a publisher of another minor version that offers it later',
    async (codec) => {
      const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
      const heard: unknown[] = []
      await a.subscribe(Next.said, (body) => void heard.push(body))
      const out = b.publisher(Old.said)
      await until('it hears', () => out.listeners === 1)
      // In a codec that describes itself it heard before it knew the version of the publisher.
      await until('it knows the version', async () => {
        await b.publish(Old.said, { a: 1 })
        return heard.length > 0
      })
      expect(heard[0]).toEqual({ a: 1, more: 'filled' })
    },
  )

  it('that cannot read the publisher holds nobody up, and both sides say it', async () => {
    const mesh = randomMesh()
    const told = faults()
    const Wrong = contract('test.minor', '1.2.0', {
      said: event(Type.Object({ a: Type.String() })),
    })
    const a = await testPeer({ name: 'a', mesh })
    await a.subscribe(Wrong.said, () => undefined)
    const b = await testPeer({ name: 'b', mesh })
    b.publisher(Old.said)
    await until('they have met', () => a.peers().length === 1 && b.peers().length === 1)
    await until('both say it', () => told.filter(({ area }) => area === 'contract').length === 2)
    expect(told.filter(({ text }) => text.includes('as it said'))).toEqual([])
  })
})

describe('codecs of two versions', () => {
  /** Without a lock file the tags go by declaration: Protobuf alone cannot tell. */
  const inFront = contract('test.minor', '1.1.0', {
    ask: request(
      Type.Object({ note: Type.Optional(Type.String()), a: Type.Integer() }),
      Type.Object({ text: Type.String() }),
    ),
  })

  it('in which the difference is major are left out', async () => {
    const [a, b] = await pairOf({ codecs: ['protobuf', 'avro'] }, { codecs: ['protobuf', 'avro'] })
    const codecs: string[] = []
    await a.serve(inFront, {
      ask: ({ a: n }, { codec }) => {
        codecs.push(codec)
        return { text: String(n) }
      },
    })
    expect(await b.client(Old).ask({ a: 5 })).toEqual({ text: '5' })
    expect(codecs).toEqual(['avro'])
  })

  it('that are all major are refused with the field', async () => {
    const [a, b] = await pairOf({ codecs: ['protobuf'] }, { codecs: ['protobuf'] })
    await a.serve(inFront, { ask: () => ({ text: '' }) })
    const error = await failure(b.client(Old).ask({ a: 1 }))
    expect(error).toMatchObject({ code: 'EARSHOT_CONTRACT_MISMATCH', path: '/body/a', sent: 'no' })
    expect(error.message).toMatch(/1\.0\.0.*1\.1\.0.*tag/)
  })

  it('are read by shape also where both say that they are the same version', async () => {
    const [a, b] = await pairOf()
    await a.serve(Loose, {
      ask: ({ more: text }) => ({ text, more: '' }),
      tell: () => undefined,
    })
    expect(await b.client(Old).ask({ a: 1 })).toEqual({ text: 'filled' })
  })
})

describe('a range of versions', () => {
  it('that is none is refused wherever it is given', async () => {
    const peer = await testPeer({ name: 'x', mesh: randomMesh() })
    const wrong = { code: 'EARSHOT_OPTION_INVALID', path: '/version' }
    for (const version of ['newest', '^2.0', '']) {
      expect(() => peer.client(Old, { version })).toThrow(expect.objectContaining(wrong))
      expect(() => peer.sender(Old.tell, { version })).toThrow(expect.objectContaining(wrong))
      const heard = peer.subscribe(Old.said, () => undefined, { version })
      expect(await failure(heard)).toMatchObject(wrong)
    }
  })

  it('holds for a sender', async () => {
    const [a, b] = await pairOf()
    const told: number[] = []
    await a.serve(Next, {
      ask: () => ({ text: '', more: '' }),
      tell: ({ a: n }) => void told.push(n),
    })
    const sender = b.sender(Old.tell, { version: '>=1.1' })
    await sender.ready()
    sender.send({ a: 7 })
    await until('it is told', () => told.length === 1)
    const other = b.sender(Old.tell, { version: '1.0.x' })
    expect(await failure(other.ready(100))).toMatchObject({ code: 'EARSHOT_NO_SERVER' })
  })
})

describe('the door', () => {
  const ask = async (door: readonly string[], op: string, mesh: string) =>
    await askDoor(door.find((one) => one.startsWith('tcp')) as string, { op }, { mesh })

  it('tells the content types of each channel', async () => {
    const [a] = await pairOf({ codecs: ['avro', 'json'] })
    await a.serve(Shop, handlers('a'))
    const { contracts } = await ask(a.endpoints.door, 'describe', a.mesh)
    expect(contracts).toMatchObject([
      {
        name: 'test.shop',
        channels: expect.arrayContaining([
          expect.objectContaining({
            name: 'place',
            contentTypes: [
              'application/vnd.test.shop+avro; version=1',
              'application/vnd.test.shop+json; version=1',
            ],
          }),
        ]),
      },
    ])
  })

  it('tells what did not go together with which remote peer', async () => {
    const [a, b] = await pairOf()
    const Wrong = contract('test.minor', '1.3.0', {
      tell: notification(Type.Object({ a: Type.String() })),
    })
    await a.serve(Old, { ask: () => ({ text: '' }), tell: () => undefined })
    b.client(Wrong)
    for (const [peer, ours, theirs] of [
      [a, '1.0.0', '1.3.0'],
      [b, '1.3.0', '1.0.0'],
    ] as const) {
      await until('it is known', () => peer.peers()[0]?.mismatches.length === 1)
      const { peers } = await ask(peer.endpoints.door, 'peers', peer.mesh)
      const reason = 'int64 and string are two types'
      const mismatch = { channel: 'test.minor/1/tell', ours, theirs, path: '/body/a', reason }
      expect(peers).toMatchObject([{ mismatches: [mismatch] }])
    }
  })
})

describe('EARSHOT_CODEC in the environment', () => {
  it('is json or nothing', async () => {
    vi.stubEnv('EARSHOT_CODEC', 'xml')
    const wrong = { code: 'EARSHOT_OPTION_INVALID', path: '/debugJson' }
    expect(await failure(createPeer({ name: 'x' }))).toMatchObject(wrong)
    const given = createPeer({ name: 'x', debugJson: 'yes' as never })
    expect(await failure(given)).toMatchObject(wrong)
    vi.unstubAllEnvs()
  })

  it('as json is what debugJson is', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    vi.stubEnv('EARSHOT_CODEC', 'json')
    const mesh = randomMesh()
    const a = await testPeer({ name: 'a', mesh })
    vi.unstubAllEnvs()
    const b = await testPeer({ name: 'b', mesh })
    const seen: string[] = []
    const Apart = contract('test.apart', '1.0.0', {
      tell: notification(Type.Object({ a: Type.Integer() })),
      only: notification(Type.Object({ a: Type.Integer() }), { codecs: ['avro'] }),
    })
    await a.serve(Apart, {
      tell: (_, { codec }) => void seen.push(codec),
      only: (_, { codec }) => void seen.push(codec),
    })
    await b.client(Apart).tell({ a: 1 })
    await b.client(Apart).only({ a: 1 })
    await until('both are told', () => seen.length === 2)
    expect(seen).toEqual(['json', 'avro'])
    expect(warned).toHaveBeenCalledOnce()
    warned.mockRestore()
  })
})
