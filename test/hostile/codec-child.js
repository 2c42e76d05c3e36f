// Owns the process that hostile bytes are fed to: its death would show what a decoder let happen.
// Prints one line of JSON. Never asserts: codec.test.ts does.

import { Type } from 'typebox'
import { defaultLimits } from '../../dist/src/base/limits.js'
import { formats } from '../../dist/src/codec/formats.js'
import { resolve } from '../../dist/src/codec/resolve.js'
import { Bytes } from '../../dist/src/contract/bytes.js'
import { Decimal } from '../../dist/src/contract/decimal.js'
import { shapeOf } from '../../dist/src/contract/from-typebox.js'
import { rows } from './codec-rows.js'

const seed = Number(process.argv[2])
const count = Number(process.argv[3])

let state = seed >>> 0
function random(below) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 4_294_967_296) * below)
}

const shapes = [
  Type.Object({
    id: Type.Integer(),
    note: Type.Optional(Type.String()),
    rate: Type.Number(),
    state: Type.Enum(['new', 'old']),
    lines: Type.Array(Type.Object({ sku: Type.String({ maxLength: 40 }), n: Type.Integer() })),
    more: Type.Record(Type.String(), Type.Array(Type.String())),
    size: Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), Type.Null()]),
  }),
  Type.Union([
    Type.Object({ kind: Type.Literal('a'), big: Type.BigInt(), raw: Bytes() }),
    Type.Object({ kind: Type.Literal('b'), grid: Type.Array(Type.Array(Type.Number())) }),
  ]),
  Type.Array(Type.Object({})),
  Type.Record(Type.String(), Type.Optional(Type.Object({ deep: Type.Array(Type.Boolean()) }))),
  Type.Object({
    a: Type.Integer({ format: 'int32', proto: 'int32' }),
    b: Type.Integer({ proto: 'sfixed64' }),
    c: Type.Array(Type.Integer({ minimum: 0, maximum: 4_294_967_295, proto: 'fixed32' })),
    d: Type.BigInt({ minimum: 0n, proto: 'uint64' }),
    e: Type.Array(Type.Enum(['none', 'some'], { numbers: [0, 1], unknown: 'none' })),
  }),
  // Contains itself: through a list, a map, a union, an optional field.
  Type.Cyclic(
    {
      Tree: Type.Object({
        n: Type.Integer(),
        kids: Type.Array(Type.Ref('Tree')),
        by: Type.Optional(Type.Record(Type.String(), Type.Ref('Tree'))),
        e: Type.Optional(Type.Ref('Expr')),
      }),
      Expr: Type.Union([
        Type.Object({ kind: Type.Literal('lit'), s: Type.String() }),
        Type.Object({ kind: Type.Literal('neg'), inner: Type.Ref('Expr') }),
        Type.Object({ kind: Type.Literal('tree'), tree: Type.Ref('Tree') }),
      ]),
    },
    'Tree',
  ),
  // Fixed, and a union of what is no record.
  Type.Object({
    id: Bytes({ length: 16, name: 'Id' }),
    ids: Type.Array(Bytes({ length: 4, name: 'Short' })),
    any: Type.Array(
      Type.Union([
        Type.Object({ kind: Type.Literal('null') }, { bare: true }),
        Type.Object({ kind: Type.Literal('int'), value: Type.Integer() }, { bare: true }),
        Type.Object({ kind: Type.Literal('text'), value: Type.String() }, { bare: true }),
        Type.Object({ kind: Type.Literal('raw'), value: Bytes() }, { bare: true }),
        Type.Object(
          { kind: Type.Literal('list'), value: Type.Array(Type.Boolean()) },
          { bare: true },
        ),
      ]),
    ),
    loose: Type.Array(Type.Integer({ format: 'int32', proto: 'int32' }), { packed: false }),
    must: Type.Integer({ always: true }),
    price: Decimal({ precision: 10, scale: 2 }),
    wide: Type.Array(Decimal({ precision: 60, scale: 20 })),
    page: Type.Optional(Decimal({ precision: 9, length: 12, name: 'Page' })),
  }),
].map((type) => shapeOf(type, 'Body'))

const samples = [
  {
    id: 1_234_567_890_123,
    note: 'héllo wörld, this is a note',
    rate: 1.25,
    state: 'old',
    lines: [
      { sku: 'abc', n: 5 },
      { sku: 'a longer stock keeping unit', n: -70_000 },
    ],
    more: { one: ['x', 'y'], two: [] },
    size: 200,
  },
  { kind: 'b', grid: [[1, 2.5], [], [3]] },
  [{}, {}, {}],
  { k: { deep: [true, false] }, l: { deep: [] } },
  { a: -5, b: -(2 ** 40), c: [4_000_000_000, 1], d: 2n ** 60n, e: ['some', 'none', 'some'] },
  {
    n: 1,
    kids: [{ n: 2, kids: [{ n: 3, kids: [] }], by: { x: { n: 4, kids: [] } } }],
    e: {
      kind: 'neg',
      inner: { kind: 'tree', tree: { n: 5, kids: [], e: { kind: 'lit', s: 'x' } } },
    },
  },
  {
    id: new Uint8Array(16).fill(7),
    ids: [new Uint8Array(4), new Uint8Array([1, 2, 3, 4])],
    any: [
      { kind: 'null' },
      { kind: 'int', value: -70_000 },
      { kind: 'text', value: 'text' },
      { kind: 'raw', value: new Uint8Array(3) },
      { kind: 'list', value: [true, false] },
    ],
    loose: [1, -1, 300],
    must: 0,
    price: '-12.30',
    wide: [`-${'9'.repeat(40)}.5`, '0.1', '3'],
    page: '123456789',
  },
]

/** The first shape as a later version has it: a field less, a default and a symbol more. */
const later = shapeOf(
  Type.Object({
    id: Type.Integer(),
    rate: Type.Number({ tag: 3 }),
    state: Type.Enum(['new', 'old', 'gone'], { unknown: 'old', tag: 4 }),
    lines: Type.Array(Type.Object({ sku: Type.String() }), { tag: 5 }),
    more: Type.Record(Type.String(), Type.Array(Type.String()), { tag: 6 }),
    extra: Type.Array(Type.Integer(), { default: [1], tag: 8 }),
  }),
  'Body',
)

/** Bytes that mean much to one format or another. */
const telling = [
  [0x80, 0x80, 0x80, 0x80, 0x08], [0xff, 0xff, 0xff, 0xff, 0x0f], [0xdd, 0xff, 0xff, 0xff, 0xff],
  [0xdf, 0x7f, 0xff, 0xff, 0xff], [0xdb, 0x80, 0, 0, 0], [0xc1], [0xd4, 0x72, 0x40], [0xc0], [0],
  [0x0b], [0x7b], [0x5b], [0x22], [0xff], [0x93, 0x93, 0x93], [0x2c, 0x7b, 0x7d],
] // biome-ignore format: a table

function mutated(bytes, other) {
  let list = [...bytes]
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(list.length + 1)
    switch (random(6)) {
      case 0:
        list[at] = random(256)
        break
      case 1:
        list.splice(at, 0, ...telling[random(telling.length)])
        break
      case 2:
        list.splice(at, 1 + random(4))
        break
      case 3:
        list = list.slice(0, at)
        break
      case 4:
        list.splice(at, 0, ...list.slice(random(list.length + 1)))
        break
      default:
        list = [...list.slice(0, at), ...other.slice(random(other.length))]
    }
  }
  return Buffer.from(list.map((byte) => (byte ?? 0) & 255))
}

function memory() {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Decodes once and says what happened; a slow one is tried again, for the machine may be busy. */
function attempt(codec, bytes) {
  let outcome = 'value'
  let least = Number.POSITIVE_INFINITY
  for (let times = 0; times < 3 && least > 20; times++) {
    const began = process.cpuUsage()
    const start = performance.now()
    try {
      codec.decode(bytes, 0, bytes.length)
    } catch (error) {
      outcome =
        error.code === 'EARSHOT_BYTES_INVALID' && !error.cause ? 'refused' : String(error.stack)
    }
    const wallMs = performance.now() - start
    const { user, system } = process.cpuUsage(began)
    least = Math.min(least, wallMs, (user + system) / 1000)
  }
  return { outcome, ms: least }
}

function feedRows(format) {
  const results = []
  for (const row of rows.filter((one) => one.codec === format.codec)) {
    const codec = format.compile(shapeOf(row.type, 'Body'), defaultLimits)
    const bytes = row.bytes()
    globalThis.gc?.()
    const before = memory()
    const { outcome, ms } = attempt(codec, bytes)
    results.push({ name: row.name, outcome, ms, grownMb: (memory() - before) / 1_048_576 })
  }
  return results
}

function feedMutants(format) {
  const codecs = shapes.map((shape) => format.compile(shape, defaultLimits))
  // Every other message of the first shape is read by a resolver.
  const resolver = resolve(format.codec, shapes[0], later)
  const room = Buffer.alloc(4096)
  const bodies = codecs.map((codec, index) => {
    return [...room.subarray(0, codec.encodeInto(samples[index], room, 0))]
  })
  globalThis.gc?.()
  const before = memory()
  const seen = { value: 0, refused: 0 }
  const odd = []
  let maxMs = 0
  for (let index = 0; index < count; index++) {
    const which = index % codecs.length
    const bytes = mutated(bodies[which], bodies[random(bodies.length)])
    const isResolved = which === 0 && index % (2 * codecs.length) === 0
    const { outcome, ms } = attempt(isResolved ? resolver : codecs[which], bytes)
    maxMs = Math.max(maxMs, ms)
    if (outcome in seen) seen[outcome]++
    else odd.push({ outcome, shape: which, bytes: bytes.toString('hex') })
  }
  globalThis.gc?.()
  return { seen, odd: odd.slice(0, 5), maxMs, grownMb: (memory() - before) / 1_048_576 }
}

/** What the runtime itself takes for 8 MB, against a usual core. */
function slownessOfRuntime() {
  const usualMs = 25
  const bytes = Buffer.from(`["${'9'.repeat(8_000_000)}"]`)
  let least = Number.POSITIVE_INFINITY
  for (let times = 0; times < 3; times++) {
    const start = performance.now()
    JSON.parse(bytes.toString('utf8'))
    least = Math.min(least, performance.now() - start)
  }
  return Math.max(1, least / usualMs)
}

const slowness = slownessOfRuntime()
const report = formats.map((format) => ({
  codec: format.codec,
  slowness,
  rows: feedRows(format),
  mutants: feedMutants(format),
}))
process.stdout.write(`${JSON.stringify(report)}\n`)
