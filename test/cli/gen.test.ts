// `earshot gen`, over files of a project of its own; what it writes is compiled and run.

import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import avsc from 'avsc'
import protobufjs from 'protobufjs'
import { afterAll, describe, expect, it } from 'vitest'
import { earshot, endAll } from './support.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const project = mkdtempSync(join(tmpdir(), 'earshot-gen-'))
const file = (name: string): string => join(project, name)
const text = (name: string): string => readFileSync(file(name), 'utf8')

mkdirSync(file('node_modules'))
symlinkSync(root, file('node_modules/earshot'))
for (const name of ['typebox', '@types']) {
  symlinkSync(join(root, 'node_modules', name), file(`node_modules/${name}`))
}
writeFileSync(file('package.json'), '{ "type": "module" }')

afterAll(async () => {
  await endAll()
  rmSync(project, { recursive: true, force: true })
})

writeFileSync(
  file('orders.js'),
  `import { Bytes, contract, Decimal, event, notification, request } from 'earshot'
import { Type } from 'typebox'
const big = Type.BigInt({ default: 7n })
const Line = Type.Object({ sku: Type.String(), big }, { name: 'Line' })
const Cash = Type.Object({ kind: Type.Literal('cash') })
const Card = Type.Object({ kind: Type.Literal('card') })
const Order = Type.Object({
  id: Type.Integer(), 'odd key': Type.Optional(Type.Number({ default: 1.5 })),
  lines: Type.Array(Line), first: Line, state: Type.Enum(['new', 'old'], { default: 'new' }),
  way: Type.Union([Cash, Card]), total: Decimal({ precision: 10, scale: 2 }),
  fee: Type.Optional(Decimal({ precision: 20, length: 9, default: '-0', nullLast: true })),
  none: Type.Union([Type.Null(), Type.String()], { tag: 40 }),
})
export const Orders = contract('shop.orders', '1.0.0', {
  place: request(Order, Type.Object({ ok: Type.Boolean() }), { idempotent: true }),
  cancel: notification(Type.Array(Type.Integer())),
  placed: event(Order, { key: 'id', codecs: ['json', 'avro'] }),
  raw: event(Bytes()),
})
`,
)

const order = `{ id: 1, lines: [{ sku: 'a', big: 1n }], first: { sku: 'b', big: 2n }, state: 'old',
  way: { kind: 'card' }, total: '-12.3', none: null }`

/** Compiles as a strict user would, and fails with what the compiler says. */
async function compile(name: string): Promise<void> {
  const flags = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2023']
  const modules = ['--module', 'nodenext', '--exactOptionalPropertyTypes', '--types', 'node']
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [compiler, ...flags, ...modules, file(name)], { cwd: project }).catch(
    (error: { stdout: string }) => {
      throw new Error(error.stdout)
    },
  )
}

describe('earshot gen', () => {
  it('writes a module from a contract that is the same contract, and compiles', async () => {
    const ended = await earshot(['gen', file('orders.js'), '--out', file('out')])
    expect(ended).toMatchObject({ code: 0, stdout: '' })
    expect(ended.stderr).toContain('wrote')
    const use = `import { Orders, type Place } from './orders.js'
export const placed: Place = ${order}
export const name: 'place' | string = Orders.place.name
`
    writeFileSync(file('out/use.ts'), use)
    const check = text('out/orders.ts')
    writeFileSync(
      file('out/orders.mjs'),
      check.replace(/^export type .*$/gm, '').replace('type Static, ', ''),
    )
    const same = await earshot(['compat', file('orders.js'), file('out/orders.mjs')])
    expect(same.stdout).toContain('nothing has changed')
    await compile('out/use.ts')
  })

  it('writes .proto, .avsc and JSON Schema that their libraries take', async () => {
    for (const to of ['proto', 'avro', 'json-schema']) {
      const { code } = await earshot([
        'gen',
        file('orders.js'),
        '--to',
        to,
        '--out',
        file('schemas'),
      ])
      expect(code).toBe(0)
    }
    const names = readdirSync(file('schemas')).sort()
    const parts = ['place', 'place.reply', 'cancel', 'placed', 'raw']
    const wanted = parts.flatMap((part) => [`${part}.avsc`, `${part}.schema.json`])
    expect(names).toEqual([...wanted, 'proto'].map((name) => `shop.orders.${name}`).sort())
    for (const part of parts) {
      const schema = JSON.parse(text(`schemas/shop.orders.${part}.avsc`))
      expect(() => avsc.Type.forSchema(schema, { wrapUnions: true })).not.toThrow()
    }
    const proto = text('schemas/shop.orders.proto')
    expect(proto).toContain('rpc Place(.shop.orders.Place) returns (.shop.orders.PlaceReply);')
    const empty = 'syntax = "proto3"; package google.protobuf; message Empty {}'
    const { root: parsed } = protobufjs.parse(empty)
    protobufjs.parse(proto, parsed)
    expect(parsed.resolveAll().lookupType('shop.orders.Place').fields.lines).toBeDefined()
    const back = await earshot(['gen', file('schemas/shop.orders.proto')])
    expect(back.stdout).toContain("contract('shop.orders.Orders', '1.0.0'")
  })

  it('writes messages of one name in different messages, all of them', async () => {
    const inner = 'message Status { int32 inner = 1; }'
    const proto = `syntax = "proto3"; message Status { string top = 1; }
message A { ${inner} int32 x = 1; } message B { ${inner} int32 x = 1; }`
    writeFileSync(file('twins.proto'), proto)
    const { code, stdout } = await earshot(['gen', file('twins.proto')])
    expect(code).toBe(0)
    const names = [...stdout.matchAll(/^export const (\w+) = /gm)].map(([, name]) => name)
    expect(names.sort()).toEqual(['A', 'A_Status', 'B', 'B_Status', 'Status'])
  })

  it('writes typed modules from .avsc and .proto, to stdout or a folder', async () => {
    const schema = { type: 'record', name: 'Hit', fields: [{ name: 'n', type: 'long' }] }
    writeFileSync(file('hit.avsc'), JSON.stringify(schema))
    const { code, stdout } = await earshot(['gen', file('hit.avsc'), '--int64', 'bigint'])
    expect(code).toBe(0)
    expect(stdout).toContain('export const Hit = Type.Object({')
    expect(stdout).toContain('n: Type.BigInt()')
    const proto = `syntax = "proto3"; package a.b;
message M { int32 n = 1; E e = 2; } message N {} enum E { A = 0; B = -1; }`
    writeFileSync(file('m.proto'), proto)
    const refused = await earshot(['gen', file('m.proto')])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('EARSHOT_SHAPE_UNSUPPORTED')
    const partial = await earshot(['gen', file('m.proto'), '--partial', '-o', file('out')])
    expect(partial.code).toBe(0)
    expect(partial.stderr).toContain('left out a.b.M')
    await compile('out/m.ts')
  })

  it('writes types that contain themselves, which compile and are what they were', async () => {
    mkdirSync(file('inc/other'), { recursive: true })
    const other = 'syntax = "proto3"; package other; message Leaf { string text = 1; }'
    writeFileSync(file('inc/other/leaf.proto'), other)
    const proto = `syntax = "proto3"; package a; import "other/leaf.proto";
message Tree { repeated Tree kids = 1; map<string, Tree> by = 2; Expr e = 3; other.Leaf leaf = 4; }
message Expr { oneof branch { Lit lit = 1; Neg neg = 2; } }
message Lit { int32 n = 1; } message Neg { Expr inner = 1; Tree tree = 2; }`
    writeFileSync(file('tree.proto'), proto)
    const alone = await earshot(['gen', file('tree.proto')])
    expect(alone.code).toBe(1)
    expect(alone.stderr).toContain('other/leaf.proto')
    const words = ['gen', file('tree.proto'), '-I', file('inc'), '--out', file('out')]
    expect((await earshot(words)).code).toBe(0)
    expect(text('out/tree.ts')).toContain('Type.Cyclic({')
    writeFileSync(
      file('out/use-tree.ts'),
      `import type { Expr, Tree } from './tree.js'
const leaf: Tree = { kids: [], by: {} }
export const tree: Tree = { kids: [{ kids: [leaf], by: { x: leaf } }], by: {}, leaf: { text: 'x' } }
export const expr: Expr = { kind: 'neg', inner: { kind: 'lit', n: 1 }, tree }
// @ts-expect-error a kid is a tree
export const wrong: Tree = { kids: [{ kids: [1], by: {} }], by: {} }
`,
    )
    await compile('out/use-tree.ts')
  })

  it.each([
    { words: ['hit.avsc', '--to', 'proto'], said: '--to proto needs contracts' },
    { words: ['orders.js', '--to', 'avro'], said: 'that is 5 files' },
    { words: ['orders.js', '--to', 'xml'], said: 'xml' },
    { words: ['none.proto'], said: 'cannot be read' },
  ])('ends with 2 for $words', async ({ words: [name = '', ...rest], said }) => {
    const { code, stderr } = await earshot(['gen', file(name), ...rest])
    expect(code).toBe(2)
    expect(stderr).toContain(said)
  })
})

describe('codecs made ahead of time', () => {
  const use = (first: string): string => `${first}
import { createCodec, encode } from 'earshot'
import { Orders } from './orders.js'
const value = ${order}
try {
  for (const codec of ['json', 'msgpack', 'avro', 'protobuf']) {
    const bytes = Buffer.from(encode(Orders.place, codec, value))
    console.log(codec, createCodec(Orders.place, codec).decode(bytes, 0, bytes.length).id)
  }
} catch (error) { console.log(error.code) }
`
  const forbidden = ['--disallow-code-generation-from-strings']

  it('serve a process that forbids code made at run time', async () => {
    const words = ['gen', file('orders.js'), '--to', 'codecs', '--out', project]
    expect((await earshot(words)).code).toBe(0)
    writeFileSync(file('with.js'), use("import './orders.codecs.js'"))
    const { stdout } = await run(process.execPath, [...forbidden, file('with.js')])
    expect(stdout).toBe('json 1\nmsgpack 1\navro 1\nprotobuf 1\n')
  })

  it('are asked for by a typed error where there are none', async () => {
    writeFileSync(file('without.js'), use(''))
    const { stdout } = await run(process.execPath, [...forbidden, file('without.js')])
    expect(stdout).toBe('EARSHOT_CODE_FORBIDDEN\n')
  })
})
