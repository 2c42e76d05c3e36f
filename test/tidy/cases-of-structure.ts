// Owns the cases of the rules about structure: imports, tables, the repository as a whole.

import type { Case } from './case.ts'

const manifest = (value: object) => JSON.stringify(value, null, 2)
const table = (name: string, ...rows: string[]) =>
  `export const ${name} = {\n${rows.map((row) => `  ${row}: {},\n`).join('')}} as const\n`

const layering: readonly Case[] = [
  {
    rule: 'imports in src follow the table of floors',
    bad: {
      'src/base/clock.ts': "import { record } from '../wire/record.ts'",
      'src/wire/record.ts': "import type { Link } from '../mesh/link.ts'",
      'src/mesh/link.ts': "\nexport { z } from '../transport/zeromq.ts'",
      'src/mesh/finder.ts': "let x: import('../discovery/mdns/browser.ts').Browser",
      'src/outbox/relay.ts': "import { createPeer } from '../peer.ts'",
      'src/bridge/kafka.ts': "import { outbox } from '../outbox/index.ts'",
      'src/cli/main.ts': "const x = await import('../peer.ts')",
      'src/patterns/event.ts': "import { Type } from 'earshot'",
      'src/codec/json.ts': "import pkg from '../../package.json'",
      'src/stuff/thing.ts': '',
    },
    at: [
      'src/base/clock.ts:1',
      'src/wire/record.ts:1',
      'src/mesh/link.ts:2',
      'src/mesh/finder.ts:1',
      'src/outbox/relay.ts:1',
      'src/bridge/kafka.ts:1',
      'src/cli/main.ts:1',
      'src/patterns/event.ts:1',
      'src/codec/json.ts:1',
      'src/stuff/thing.ts:1',
    ],
    good: {
      'src/wire/record.ts': "import { clock } from '../base/clock.ts'",
      'src/mesh/link.ts': "import type { Transport } from '../transport/transport.ts'",
      'src/discovery/mdns/browser.ts': "import type { Discovery } from '../provider.ts'",
      'src/outbox/relay.ts': "import type { Peer } from '../peer.ts'",
      'src/peer.ts': "import { mdns } from './discovery/mdns/provider.ts'",
      'src/peer-options.ts': "import { zeromq } from './transport/zeromq.ts'",
      'src/index.ts': "export { createPeer } from './peer.ts'",
      'src/cli/main.ts': "import { createPeer } from 'earshot'\nimport { x } from './peers.ts'",
    },
  },
  {
    rule: 'examples import as a user does',
    bad: { 'examples/demo/main.ts': "import { createPeer } from '../../src/index.ts'" },
    at: ['examples/demo/main.ts:1'],
    good: { 'examples/demo/main.ts': "import { createPeer } from 'earshot'\nimport './orders.ts'" },
  },
  {
    rule: 'a package is imported by its owner alone',
    bad: {
      'src/mesh/link.ts': "import { Dealer } from 'zeromq'",
      'src/codec/json.ts': "import type { TSchema } from 'typebox'",
      'src/wire/record.ts': "import dgram from 'node:dgram'",
      'src/base/words.ts': "import words from 'lodash'",
    },
    at: [
      'src/mesh/link.ts:1',
      'src/codec/json.ts:1',
      'src/wire/record.ts:1',
      'src/base/words.ts:1',
    ],
    good: {
      'src/transport/zeromq.ts': "import { Dealer } from 'zeromq'",
      'src/contract/typebox.ts': "import { Kind } from 'typebox/type'",
      'src/discovery/mdns/socket.ts': "import dgram from 'node:dgram'",
      'src/base/words.ts': "import { readFile } from 'node:fs/promises'",
      'bench/codecs/main.ts': "import { Packr } from 'msgpackr'",
    },
  },
  {
    rule: 'modules of Node are imported with node:',
    bad: { 'test/x.test.ts': "import { once } from 'events'\nimport fs from 'fs/promises'" },
    at: ['test/x.test.ts:1', 'test/x.test.ts:2'],
    good: { 'test/x.test.ts': "import { once } from 'node:events'" },
  },
  {
    rule: 'no file imports itself in a circle, types included',
    bad: {
      'src/base/a.ts': "import { b } from './b.ts'",
      'src/base/b.ts': "import type { C } from './c.ts'",
      'src/base/c.ts': "\nimport type { A } from './a.ts'",
    },
    at: ['src/base/c.ts:2'],
    good: {
      'src/base/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
      'src/base/b.ts': "import type { C } from './c.ts'",
      'src/base/c.ts': '',
    },
  },
]

const tables: readonly Case[] = [
  {
    rule: 'every error code in src is a row of the table',
    bad: {
      'src/base/error-table.ts': table('errorTable', 'EARSHOT_A'),
      'src/a.ts': "fail('EARSHOT_A')\nfail('EARSHOT_B')\n/**\n * @throws EARSHOT_C too late\n */",
    },
    at: ['src/a.ts:2', 'src/a.ts:4'],
    good: {
      'src/base/error-table.ts': table('errorTable', 'EARSHOT_A'),
      'src/a.ts': "fail('EARSHOT_A')\n// EARSHOT_HOME is no code\nprocess.env.EARSHOT_HOME",
    },
  },
  {
    rule: 'every error code of the table is used in src',
    bad: {
      'src/base/error-table.ts': table('errorTable', 'EARSHOT_A', 'EARSHOT_B'),
      'src/a.ts': "fail('EARSHOT_A')\n// EARSHOT_B",
      'test/a.test.ts': "fail('EARSHOT_B')",
    },
    at: ['src/base/error-table.ts:3'],
    good: {
      'src/base/error-table.ts': table('errorTable', 'EARSHOT_A'),
      'src/a.ts': "fail('EARSHOT_A')",
    },
  },
  {
    rule: 'every limit of the table is used in src',
    bad: {
      'src/base/limits.ts': table('limitTable', 'maxItems', 'maxPeers'),
      'src/a.ts': 'f(limits.maxItems)',
    },
    at: ['src/base/limits.ts:3'],
    good: {
      'src/base/limits.ts': table('limitTable', 'maxItems'),
      'src/a.ts': 'const { maxItems } = limits',
    },
  },
]

const scripts = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, 'x']))

const repository: readonly Case[] = [
  {
    rule: 'package.json has at most 10 scripts',
    bad: { 'package.json': manifest({ name: 'x', scripts: scripts(11) }) },
    at: ['package.json:3'],
    good: { 'package.json': manifest({ name: 'x', scripts: scripts(10) }) },
  },
  {
    rule: 'the root holds only what its list names',
    bad: { 'docs/a.md': '', 'docs/b.md': '', '.npmrc': '' },
    at: ['docs/a.md:1', '.npmrc:1'],
    good: { 'README.md': '', '.ci/run': '', 'schemas/a.json': '', 'test/a.test.ts': '' },
  },
  {
    rule: 'a folder of src has an index.ts exactly when it is an entry of the package',
    bad: {
      'package.json': manifest({
        exports: {
          '.': { types: './dist/src/index.d.ts' },
          './testing': { types: './dist/src/testing/index.d.ts' },
          './clock': './dist/src/base/clock.js',
        },
      }),
      'src/index.ts': '',
      'src/wire/index.ts': '',
      'src/base/clock.ts': '',
    },
    at: ['src/wire/index.ts:1', 'package.json:6', 'package.json:9'],
    good: {
      'package.json': manifest({
        exports: {
          '.': { types: './dist/src/index.d.ts' },
          './testing': { types: './dist/src/testing/index.d.ts' },
          './package.json': './package.json',
        },
      }),
      'src/index.ts': '',
      'src/testing/index.ts': '',
    },
  },
]

export const structureCases: readonly Case[] = [...layering, ...tables, ...repository]
