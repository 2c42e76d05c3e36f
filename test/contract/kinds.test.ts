// Kinds of channels in all that a contract goes through: ids, compat, what the door tells, .proto.

import {
  type ChannelKind,
  compat,
  contract,
  contractFromDescription,
  contractsToTypeScript,
  describeContract,
  duplex,
  event,
  extendLock,
  fromProto,
  notification,
  request,
  scatter,
  stream,
  toProto,
} from 'earshot'
import protobufjs from 'protobufjs'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'

const Body = Type.Object({ a: Type.String() })
const Answer = Type.Object({ b: Type.Integer() })
const answered = { request, stream, duplex, scatter }
const All = contract('test.kinds', '1.0.0', {
  ask: request(Body, Answer),
  tell: notification(Body),
  said: event(Body),
  watch: stream(Body, Answer),
  chat: duplex(Body, Answer),
  quote: scatter(Body, Answer, { overflow: 'reject' }),
})

describe('a contract with every kind of channel', () => {
  it('gives each kind an id of its own, also where the types are the same', () => {
    const ids = All.channels.filter(({ replyShape }) => replyShape).map(({ id }) => id)
    expect(new Set(ids).size).toBe(4)
    expect(contract('test.kinds', '1.1.0', { watch: stream(Body, Answer) }).watch.id).toBe(
      All.watch.id,
    )
  })

  it('is the same after it was told at the door', () => {
    const json = JSON.parse(JSON.stringify(describeContract(All)))
    const back = contractFromDescription(json)
    expect(back.id).toBe(All.id)
    expect(back.channels.map(({ kind }) => kind)).toEqual(All.channels.map(({ kind }) => kind))
    for (const kind of ['stream', 'duplex', 'scatter']) {
      const at = json.channels.findIndex((one: { kind: string }) => one.kind === kind)
      const { replyShape: _, ...rest } = json.channels[at]
      const channels = [rest]
      expect(() => contractFromDescription({ ...json, channels })).toThrow(/replyShape is missing/)
    }
  })

  it('is written as TypeScript', () => {
    const text = contractsToTypeScript([All])
    expect(text).toMatch(/import \{ contract, duplex, event, notification, .*scatter, stream \}/)
    expect(text).toContain('watch: stream(')
    expect(text).toContain('chat: duplex(')
    expect(text).toMatch(/quote: scatter\(\w+, \w+, \{ overflow: 'reject' \}\)/)
  })

  it('is written as .proto and read back, as far as Protobuf has a word', () => {
    const text = toProto(All)
    expect(text).toContain('rpc Watch(.test.kinds.Watch) returns (stream .test.kinds.WatchReply);')
    expect(text).toContain(
      'rpc Chat(stream .test.kinds.Chat) returns (stream .test.kinds.ChatReply);',
    )
    expect(text).toContain('// scatter quote: Quote → QuoteReply')
    const { root } = protobufjs.parse(text)
    expect(root.lookupService('Kinds').methods.Chat).toMatchObject({ requestStream: true })
    const back = fromProto(text).contracts[0]
    expect(back?.channels.map(({ name, kind }) => [name, kind])).toEqual([
      ['ask', 'request'],
      ['tell', 'request'],
      ['watch', 'stream'],
      ['chat', 'duplex'],
    ])
  })

  it('is what the rpcs of a .proto stream', () => {
    const text = `syntax = "proto3"; message N { int32 n = 1; } message M { string s = 1; }
service S { rpc One(N) returns (M); rpc Many(N) returns (stream M);
  rpc Talk(stream N) returns (stream M); rpc Sum(stream N) returns (M); }`
    const [made] = fromProto(text).contracts
    expect(made?.channels.map(({ name, kind }) => [name, kind])).toEqual([
      ['one', 'request'],
      ['many', 'stream'],
      ['talk', 'duplex'],
      // Many messages and one answer: gRPC writes them as it writes streams both ways.
      ['sum', 'duplex'],
    ])
    for (const channel of made?.channels ?? []) {
      expect(channel).toMatchObject({ shape: { name: 'N' }, replyShape: { name: 'M' } })
    }
  })

  it('has the numbers of both types in its lock file', () => {
    const lock = extendLock({}, All)
    const types = Object.keys(lock.contracts?.['test.kinds/1']?.numbers ?? {})
    for (const name of ['Watch', 'WatchReply', 'Chat', 'ChatReply', 'Quote', 'QuoteReply']) {
      expect(types).toContain(name)
    }
  })
})

describe.each(Object.entries(answered))('a change of a %s', (kind, make) => {
  const of = (body: typeof Body, answer: typeof Answer, version = '1.1.0') =>
    contract('test.change', version, { one: make(body, answer) })
  const more = Type.String({ default: '' })
  const old = of(Body, Answer, '1.0.0')

  it('is minor where both directions can be read, and major where one cannot', () => {
    const wider = Type.Object({ b: Type.Integer(), more })
    const wanted = Type.Object({ a: Type.String(), more })
    expect(compat(old, of(Body, wider as never)).verdict).toBe('minor')
    expect(compat(old, of(wanted as never, Answer)).verdict).toBe('minor')
    const other = Type.Object({ b: Type.Object({ c: Type.Integer() }) })
    const broken = compat(old, of(Body, other as never))
    expect(broken.verdict).toBe('major')
    expect(broken.changes.find(({ level }) => level === 'major')?.path).toMatch(/^\/one\/reply\/b/)
    expect(compat(old, of(other as never, Answer)).verdict).toBe('major')
  })

  it('is major where its kind changes', () => {
    for (const [next, makeNext] of Object.entries(answered)) {
      if (next === kind) continue
      const changed = contract('test.change', '1.1.0', { one: makeNext(Body, Answer) })
      const { verdict, changes } = compat(old, changed)
      expect(verdict).toBe('major')
      expect(changes[0]?.reason).toBe(`${kind} becomes ${next}`)
    }
  })
})

describe('a channel', () => {
  it.each(['stream', 'duplex'] as const)('that is a %s has no overflow', (kind) => {
    const drafts = { one: answered[kind](Body, Answer, { overflow: 'latest' } as never) }
    expect(() => contract('test.wrong', '1.0.0', drafts)).toThrow(/who sends always waits/)
  })

  it('that is a scatter waits or rejects', () => {
    const drafts = { one: scatter(Body, Answer, { overflow: 'latest' } as never) }
    expect(() => contract('test.wrong', '1.0.0', drafts)).toThrow(/choose block, reject/)
  })

  it.each(['request', 'stream', 'duplex', 'scatter'] as const)('%s has two types', (kind) => {
    const drafts = { one: { kind: kind as ChannelKind, body: Body, reply: undefined, options: {} } }
    expect(() => contract('test.wrong', '1.0.0', drafts)).toThrow(/has two/)
  })

  it('of no kind at all is refused with those that there are', () => {
    expect(() => contract('test.wrong', '1.0.0', { one: {} as never })).toThrow(
      /request\(\), notification\(\), event\(\), stream\(\), duplex\(\), scatter\(\)/,
    )
  })
})
