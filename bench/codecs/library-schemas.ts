// Owns the five shapes as an Avro schema and a .proto file, written by hand for the libraries.
// Never made from our contract: so equal bytes prove something.

import type { ShapeName } from './shape-names.ts'

type Field = readonly [name: string, type: unknown]

function record(name: string, ...fields: Field[]): object {
  return {
    type: 'record',
    name,
    fields: fields.map(([field, type]) => {
      const optional = Array.isArray(type)
      return { name: field, type, ...(optional ? { default: null } : {}) }
    }),
  }
}

const timestamp = { type: 'long', logicalType: 'timestamp-millis' }

const address = record(
  'Address',
  ['name', 'string'],
  ['street', 'string'],
  ['city', 'string'],
  ['postcode', 'string'],
  ['country', 'string'],
)

const line = record(
  'Line',
  ['sku', 'string'],
  ['title', 'string'],
  ['quantity', 'int'],
  ['unitPrice', 'double'],
  ['taxRate', 'double'],
)

export const avroSchemas: Readonly<Record<ShapeName, object>> = {
  tiny: record('Tiny', ['sensor', 'int'], ['event', 'string'], ['active', 'boolean']),
  tick: record(
    'Tick',
    ['symbol', 'string'],
    ['venue', 'string'],
    ['at', timestamp],
    ['sequence', 'long'],
    ['bid', 'double'],
    ['ask', 'double'],
    ['bidSize', 'int'],
    ['askSize', 'int'],
  ),
  order: record(
    'Order',
    ['orderId', 'string'],
    ['customerId', 'int'],
    ['channel', 'string'],
    ['currency', 'string'],
    ['placedAt', timestamp],
    ['email', 'string'],
    ['newCustomer', 'boolean'],
    ['shipTo', address],
    ['billTo', ['null', 'Address']],
    ['lines', { type: 'array', items: line }],
    ['tags', { type: 'array', items: 'string' }],
    ['voucher', ['null', 'string']],
    ['subtotal', 'double'],
    ['shipping', 'double'],
    ['tax', 'double'],
    ['total', 'double'],
    ['note', ['null', 'string']],
  ),
  telemetry: record(
    'Telemetry',
    ['device', 'string'],
    ['startedAt', timestamp],
    ['intervalMs', 'int'],
    ['samples', { type: 'array', items: 'double' }],
  ),
  text: record(
    'Text',
    ['id', 'string'],
    ['language', 'string'],
    ['revision', 'int'],
    ['text', 'string'],
  ),
}

export const protoFile = `syntax = "proto3";
message Tiny { int32 sensor = 1; string event = 2; bool active = 3; }
message Tick {
  string symbol = 1; string venue = 2; sint64 at = 3; int64 sequence = 4;
  double bid = 5; double ask = 6; int32 bidSize = 7; int32 askSize = 8;
}
message Address {
  string name = 1; string street = 2; string city = 3; string postcode = 4; string country = 5;
}
message Line {
  string sku = 1; string title = 2; int32 quantity = 3; double unitPrice = 4; double taxRate = 5;
}
message Order {
  string orderId = 1; int32 customerId = 2; string channel = 3; string currency = 4;
  sint64 placedAt = 5; string email = 6; bool newCustomer = 7; Address shipTo = 8;
  Address billTo = 9; repeated Line lines = 10; repeated string tags = 11;
  optional string voucher = 12; double subtotal = 13; double shipping = 14; double tax = 15;
  double total = 16; optional string note = 17;
}
message Telemetry {
  string device = 1; sint64 startedAt = 2; int32 intervalMs = 3; repeated double samples = 4;
}
message Text { string id = 1; string language = 2; int32 revision = 3; string text = 4; }
`

export const protoNames: Readonly<Record<ShapeName, string>> = {
  tiny: 'Tiny',
  tick: 'Tick',
  order: 'Order',
  telemetry: 'Telemetry',
  text: 'Text',
}
