// What a contract is made of, and what is refused when it is defined.

import { contract, event, notification, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'

const Order = Type.Object({ sku: Type.String(), count: Type.Integer() })
const Receipt = Type.Object({ total: Type.Number() })
const Shop = contract('types.shop', '1.0.0', {
  place: request(Order, Receipt),
  cancel: notification(Type.Object({ id: Type.Integer() })),
  placed: event(Order),
})

describe('a contract', () => {
  it('has its channels as properties, with what routing goes by', () => {
    expect(Shop.place).toMatchObject({ kind: 'request', key: 'types.shop/1/place' })
    expect(Shop.channels.map(({ name }) => name)).toEqual(['place', 'cancel', 'placed'])
  })

  it.each([
    ['name', '1.0.0', { name: event(Order) }],
    ['channels', '1.0.0', { channels: event(Order) }],
    ['then', '1.0.0', Object.fromEntries([['then', event(Order)]])],
    ['with-dash', '1.0.0', { 'with-dash': event(Order) }],
    ['version 1', '1', { x: event(Order) }],
    ['version 1.0', '1.0', { x: event(Order) }],
    ['something that is no channel', '1.0.0', { x: {} as never }],
    ['a key that is no field', '1.0.0', { x: event(Order, { key: 'colour' }) }],
    ['a codec that does not exist', '1.0.0', { x: event(Order, { codecs: ['xml' as never] }) }],
  ])('with %s is refused when it is defined', (_what, version, channels) => {
    expect(() => contract('types.wrong', version, channels)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_CONTRACT_INVALID' }),
    )
  })

  it.each(['', 'a..b', '.a', '1a', 'ä', 'a'.repeat(129), 'a b'])('called %j is refused', (name) => {
    expect(() => contract(name, '1.0.0', {})).toThrow(
      expect.objectContaining({ code: 'EARSHOT_CONTRACT_INVALID' }),
    )
  })
})
