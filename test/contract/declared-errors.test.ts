// Errors that a contract declares, in all that a contract goes through: ids, compat, lock, exports.

import {
  checkLock,
  compat,
  contract,
  contractFromDescription,
  contractsToTypeScript,
  describeContract,
  extendLock,
  request,
  toAvro,
  toJsonSchema,
  toProto,
} from 'earshot'
import protobufjs from 'protobufjs'
import { type TSchema, Type } from 'typebox'
import { describe, expect, it } from 'vitest'

const Body = Type.Object({ a: Type.String() })
const OutOfStock = Type.Object({ sku: Type.String() })
const Closed = Type.Object({ until: Type.Optional(Type.Integer()) })

const shop = (version: string, errors: Record<string, TSchema>, lock = {}) =>
  contract('test.shop', version, { place: request(Body, Body, { errors }) }, { lock })
const plain = contract('test.shop', '1.0.0', { place: request(Body, Body) })
const one = shop('1.0.0', { OutOfStock })

describe('errors of a contract', () => {
  it('count in the id of their channel; none leaves it as it was', () => {
    expect(shop('1.0.0', {}).place.id).toBe(plain.place.id)
    expect(one.place.id).not.toBe(plain.place.id)
    expect(shop('1.0.0', { OutOfStock: Closed }).place.id).not.toBe(one.place.id)
  })

  it('are the same after they were told at the door', () => {
    const back = contractFromDescription(JSON.parse(JSON.stringify(describeContract(one))))
    expect(back.id).toBe(one.id)
    const told = JSON.parse(JSON.stringify(describeContract(one)))
    told.channels[0].errorShape = { kind: 'bool' }
    expect(() => contractFromDescription(told)).toThrow(/errors are a record/)
  })

  it('may come and go within a major version; what one of them holds may not change', () => {
    const both = shop('1.1.0', { OutOfStock, Closed })
    expect(compat(plain, one).verdict).toBe('minor')
    expect(compat(one, both).verdict).toBe('minor')
    expect(compat(both, one).verdict).toBe('minor')
    const other = shop('1.1.0', { OutOfStock: Type.Object({ sku: Type.Integer() }) })
    const { verdict, changes } = compat(one, other)
    expect(verdict).toBe('major')
    expect(changes.map(({ path }) => path)).toContain('/place/errors/OutOfStock/sku')
  })

  it('keep their numbers in the lock file when one is put before them', () => {
    const lock = extendLock({}, one)
    checkLock(lock, one)
    expect(lock.contracts?.['test.shop/1']?.numbers).toMatchObject({
      PlaceErrors: { OutOfStock: 1 },
    })
    const next = shop('1.1.0', { Closed, OutOfStock }, lock)
    const tags = next.place.errorShape?.fields.map(({ name, tag }) => [name, tag])
    expect(tags).toEqual([
      ['OutOfStock', 1],
      ['Closed', 2],
    ])
    expect(() => checkLock(lock, next)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_CONTRACT_UNLOCKED' }),
    )
  })

  it('are written as TypeScript that makes the same contract', () => {
    const made = shop('1.0.0', { OutOfStock, Closed })
    const text = contractsToTypeScript([made])
    expect(text).toContain('{ errors: PlaceErrors.properties }')
    const body = text
      .replace(/^import .*$/gm, '')
      .replace(/^export type .*$/gm, '')
      .replaceAll('export const ', 'const ')
    const make = new Function('Type', 'contract', 'request', `${body}\nreturn Shop`)
    expect(make(Type, contract, request).id).toBe(made.id)
  })

  it('are written as .proto, Avro and JSON Schema', () => {
    const text = toProto(one)
    expect(text).toContain('// place may fail with .test.shop.PlaceErrors')
    const { root } = protobufjs.parse(text)
    expect(root.lookupType('test.shop.PlaceErrors').fields.OutOfStock?.id).toBe(1)
    const shape = one.place.errorShape
    if (!shape) throw new Error('it has a shape')
    expect(JSON.stringify(toAvro(shape))).toContain('"name":"OutOfStock"')
    expect(toJsonSchema(shape)).toMatchObject({ properties: { OutOfStock: { type: 'object' } } })
  })
})
