import { type TSchema, Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { event, request } from '../../src/contract/channel.ts'
import { type AnyContract, contract } from '../../src/contract/contract.ts'
import type { Lock } from '../../src/contract/lock.ts'
import { checkLock, extendLock } from '../../src/contract/lock-check.ts'
import type { RecordShape } from '../../src/contract/shape.ts'
import { thrownBy } from '../codec/thrown.ts'

function jobs(version: string, body: TSchema, lock: Lock = {}): AnyContract {
  return contract('test.jobs', version, { done: event(body) }, { lock })
}

/** As it comes from a file. */
function saved(lock: Lock): Lock {
  return JSON.parse(JSON.stringify(lock)) as Lock
}

function tagsIn(made: AnyContract): Record<string, number> {
  const shape = made.channels[0]?.shape as RecordShape
  return Object.fromEntries(shape.fields.map(({ name, tag }) => [name, tag]))
}

const first = Type.Object({ a: Type.String(), b: Type.Integer() })

test('two types of one name are refused when the contract is defined, if Avro is promised', () => {
  const named = (type: TSchema) => Type.Object({ x: type }, { name: 'Same' })
  const body = Type.Object({ a: named(Type.String()), b: named(Type.Integer()) })
  const error = thrownBy(() => jobs('1.0.0', body))
  expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
  expect(error?.path).toBe('/b')
  const narrow = { done: event(body, { codecs: ['json', 'msgpack'] }) }
  expect(contract('test.jobs', '1.0.0', narrow).channels).toHaveLength(1)
})

describe('a lock file', () => {
  test('keeps numbers when fields are put before others, and moved', () => {
    const lock = saved(extendLock({}, jobs('1.0.0', first)))
    const next = Type.Object({
      new: Type.Optional(Type.Boolean()),
      b: Type.Integer(),
      a: Type.String(),
    })
    expect(tagsIn(jobs('1.1.0', next, lock))).toEqual({ a: 1, b: 2, new: 3 })
    expect(tagsIn(jobs('1.1.0', next))).toEqual({ new: 1, b: 2, a: 3 })
  })

  test('never gives the number of a removed field to another', () => {
    const start = Type.Object({ a: Type.String(), b: Type.Optional(Type.Integer()) })
    let lock = saved(extendLock({}, jobs('1.0.0', start)))
    const without = Type.Object({ a: Type.String() })
    lock = saved(extendLock(lock, jobs('1.1.0', without, lock)))
    const other = Type.Object({ a: Type.String(), c: Type.Optional(Type.Integer()) })
    expect(tagsIn(jobs('1.2.0', other, lock))).toEqual({ a: 1, c: 3 })
    const again = Type.Object({ a: Type.String(), b: Type.Optional(Type.Integer()) })
    expect(tagsIn(jobs('1.2.0', again, lock))).toEqual({ a: 1, b: 2 })
  })

  test('keeps the numbers of symbols and branches, and of what is nested', () => {
    const union = (extra: TSchema[], states: string[]) =>
      Type.Object({
        list: Type.Array(Type.Object({ x: Type.String(), state: Type.Enum(states) })),
        way: Type.Union([
          ...extra,
          Type.Object({ kind: Type.Literal('card'), n: Type.String() }),
          Type.Object({ kind: Type.Literal('cash') }),
        ]),
      })
    const lock = saved(extendLock({}, jobs('1.0.0', union([], ['a', 'b']))))
    expect(lock.contracts?.['test.jobs/1']?.numbers).toMatchObject({
      Done_list_item: { x: 1, state: 2 },
      Done_list_item_state: { a: 1, b: 2 },
      Done_way: { card: 1, cash: 2 },
    })
    const bank = Type.Object({ kind: Type.Literal('bank') })
    const next = jobs('1.1.0', union([bank], ['c', 'b', 'a']), lock)
    const shape = next.channels[0]?.shape as RecordShape
    const [list, way] = shape.fields
    expect(list?.shape).toMatchObject({
      items: { fields: [{}, { shape: { symbols: ['a', 'b', 'c'], numbers: [1, 2, 3] } }] },
    })
    expect(way?.shape).toMatchObject({
      branches: [{ literal: 'card' }, { literal: 'cash' }, { literal: 'bank', tag: 3 }],
    })
  })

  test('refuses a tag that is written and belongs to another, or differs from the lock', () => {
    const lock = saved(extendLock({}, jobs('1.0.0', first)))
    for (const a of [Type.String({ tag: 2 }), Type.String({ tag: 9 })]) {
      const error = thrownBy(() => jobs('1.1.0', Type.Object({ a }), lock))
      expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
    }
    const own = jobs('1.1.0', Type.Object({ b: Type.Integer(), a: Type.String() }))
    expect(thrownBy(() => extendLock(lock, own))?.code).toBe('EARSHOT_VERSION_TOO_LOW')
  })

  test.each([
    [null, ''],
    [{ lock: 2 }, '/lock'],
    [{ contracts: [] }, '/contracts'],
    [{ contracts: { 'a/1': { versions: [] } } }, '/contracts/a~11/numbers'],
    [{ contracts: { 'a/1': { numbers: {} } } }, '/contracts/a~11/versions'],
    [{ contracts: { 'a/1': { numbers: { p: { x: 1, y: 1 } }, versions: [] } } }, '/y'],
    [{ contracts: { 'a/1': { numbers: { p: { x: -1 } }, versions: [] } } }, '/x'],
    [{ contracts: { 'a/1': { numbers: {}, versions: [{ version: '2.0.0' }] } } }, '/version'],
  ])('%j is refused with the path of its fault', (lock, path) => {
    const error = thrownBy(() => jobs('1.0.0', first, lock as Lock))
    expect(error?.code).toBe('EARSHOT_LOCK_INVALID')
    expect(error?.path?.endsWith(path)).toBe(true)
  })

  test('a version in it that is no contract is refused', () => {
    const versions = [{ version: '1.0.0', channels: [{ name: 'done', kind: 'shout' }] }]
    const lock = { contracts: { 'test.jobs/1': { numbers: {}, versions } } }
    expect(thrownBy(() => checkLock(lock, jobs('1.0.0', first)))?.code).toBe('EARSHOT_LOCK_INVALID')
  })
})

describe('a contract in step with its lock', () => {
  const lock = saved(extendLock({}, jobs('1.0.0', first)))
  const more = Type.Object({ ...first.properties, c: Type.Optional(Type.String()) })

  test('passes, also with other documentation', () => {
    checkLock(lock, jobs('1.0.0', first, lock))
    const told = Type.Object({ ...first.properties, b: Type.Integer({ description: 'how many' }) })
    checkLock(lock, jobs('1.0.0', told, lock))
  })

  test('is asked to be locked when it was not', () => {
    expect(thrownBy(() => checkLock({}, jobs('1.0.0', first)))?.code).toBe(
      'EARSHOT_CONTRACT_UNLOCKED',
    )
    const error = thrownBy(() => checkLock(lock, jobs('1.1.0', more, lock)))
    expect(error?.code).toBe('EARSHOT_CONTRACT_UNLOCKED')
    expect(error?.path).toBe('Done/c')
    const extended = saved(extendLock(lock, jobs('1.1.0', more, lock)))
    checkLock(extended, jobs('1.1.0', more, extended))
    checkLock(extended, jobs('1.0.0', first, extended))
  })

  test('must rise by what the change asks for', () => {
    const error = thrownBy(() => extendLock(lock, jobs('1.0.1', more, lock)))
    expect(error?.code).toBe('EARSHOT_VERSION_TOO_LOW')
    expect(error?.data).toMatchObject({ verdict: 'minor', needed: '1.1.0' })
    expect(error?.path).toBe('/done/body/c')
    const broken = Type.Object({ a: Type.Integer(), b: Type.Integer() })
    expect(thrownBy(() => extendLock(lock, jobs('1.9.0', broken, lock)))?.data).toMatchObject({
      verdict: 'major',
      needed: '2.0.0',
    })
    expect(Object.keys(extendLock(lock, jobs('2.0.0', broken, lock)).contracts ?? {})).toEqual([
      'test.jobs/1',
      'test.jobs/2',
    ])
  })

  test('a locked version becomes something else only when amended', () => {
    expect(thrownBy(() => extendLock(lock, jobs('1.0.0', more, lock)))?.code).toBe(
      'EARSHOT_VERSION_TOO_LOW',
    )
    const amended = extendLock(lock, jobs('1.0.0', more, lock), { amend: true })
    expect(amended.contracts?.['test.jobs/1']?.versions).toHaveLength(1)
    checkLock(amended, jobs('1.0.0', more, amended))
  })

  test('a removed field cannot come back as something else', () => {
    const start = Type.Object({ a: Type.String(), b: Type.Optional(Type.Integer()) })
    let all = saved(extendLock({}, jobs('1.0.0', start)))
    all = saved(extendLock(all, jobs('1.1.0', Type.Object({ a: Type.String() }), all)))
    const back = Type.Object({ a: Type.String(), b: Type.Optional(Type.String()) })
    const error = thrownBy(() => extendLock(all, jobs('1.2.0', back, all)))
    expect(error?.code).toBe('EARSHOT_VERSION_TOO_LOW')
    expect(error?.data.verdict).toBe('major')
  })

  test('a named type has the same numbers wherever it is used', () => {
    const line = (extra: object) => Type.Object({ ...extra, sku: Type.String() }, { name: 'Line' })
    const gone = { gone: Type.Optional(Type.String()) }
    let all = saved(extendLock({}, jobs('1.0.0', Type.Object({ a: line(gone) }))))
    all = saved(extendLock(all, jobs('1.1.0', Type.Object({ a: line({}) }), all)))
    const twice = Type.Object({ a: line({}), b: Type.Optional(line({})) })
    const made = jobs('1.2.0', twice, all)
    expect(made.channels[0]?.shape).toMatchObject({
      fields: [{ shape: { fields: [{ tag: 2 }] } }, { shape: { fields: [{ tag: 2 }] } }],
    })
    extendLock(all, made)
  })

  test('replies are locked apart from bodies', () => {
    const made = contract('test.ask', '1.0.0', { ask: request(first, first) })
    expect(extendLock({}, made).contracts?.['test.ask/1']?.numbers).toEqual({
      Ask: { a: 1, b: 2 },
      AskReply: { a: 1, b: 2 },
    })
  })
})

test('a type that contains itself is locked once, and a circle must not widen', () => {
  const tree = (more: object) =>
    Type.Cyclic({ Tree: Type.Object({ kids: Type.Array(Type.Ref('Tree')), ...more }) }, 'Tree')
  const first = contract('a.b', '1.0.0', { x: event(tree({})) })
  const lock = extendLock({}, first)
  expect(lock.contracts?.['a.b/1']?.numbers).toEqual({ Tree: { kids: 1 } })
  expect(() => checkLock(JSON.parse(JSON.stringify(lock)), first)).not.toThrow()
  const next = contract(
    'a.b',
    '1.1.0',
    { x: event(tree({ n: Type.Optional(Type.Integer()) })) },
    { lock },
  )
  expect(extendLock(lock, next).contracts?.['a.b/1']?.numbers).toEqual({ Tree: { kids: 1, n: 2 } })
  const broken = contract('a.b', '1.1.0', { x: event(tree({ n: Type.Integer() })) }, { lock })
  expect(thrownBy(() => checkLock(lock, broken))?.code).toBe('EARSHOT_VERSION_TOO_LOW')
})
