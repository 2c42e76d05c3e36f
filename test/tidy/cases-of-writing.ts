// Owns the cases of the rules about writing: sizes, words, habits, time.

import type { Case } from './case.ts'

const lines = (count: number, text = 'x()') => `${text}\n`.repeat(count)

const sizes: readonly Case[] = [
  {
    rule: 'a file has at most 350 lines',
    bad: { 'test/long.test.ts': lines(351) },
    at: ['test/long.test.ts:351'],
    good: { 'test/long.test.ts': lines(350), 'schemas/long.json': lines(400) },
  },
  {
    rule: 'a function has at most 70 lines',
    bad: {
      'src/base/long.ts': `\nfunction long() {\n${lines(69)}}`,
      'bench/long.ts': `const long = () => {\n${lines(69)}}`,
      'test/long.test.ts': `describe('x', () => {\n it('y', () => {\n${lines(69)}})\n})`,
      'src/base/described.ts': `function all() {\n describe('x', () => {\n${lines(69)}})\n}`,
    },
    at: [
      'src/base/long.ts:2',
      'bench/long.ts:1',
      'test/long.test.ts:2',
      'src/base/described.ts:1',
      'src/base/described.ts:2',
    ],
    good: {
      'src/base/long.ts': `function long() {\n${lines(68)}}`,
      'test/long.test.ts': `describe('x', () => {\n${lines(30, "it('y', () => {\n\n})")}})`,
    },
  },
  {
    rule: 'a line has at most 100 characters',
    bad: { 'bench/wide.ts': `\n// ${'x'.repeat(98)}` },
    at: ['bench/wide.ts:2'],
    good: { 'bench/wide.ts': `// ${'é'.repeat(97)}`, 'README.md': 'x'.repeat(200) },
  },
]

const naming: readonly Case[] = [
  {
    rule: 'names of files are kebab-case and say what is inside',
    bad: {
      'src/base/MyClock.ts': '',
      'src/base/my_clock.ts': '',
      'src/wire/utils.ts': '',
      'test/helpers/peer.ts': '',
      'src/mesh/link-manager.ts': '',
    },
    at: [
      'src/base/MyClock.ts:1',
      'src/base/my_clock.ts:1',
      'src/wire/utils.ts:1',
      'test/helpers/peer.ts:1',
      'src/mesh/link-manager.ts:1',
    ],
    good: {
      'src/base/error-table.ts': '',
      'test/wire/record.test.ts': '',
      'schemas/shop.orders.lock.json': '',
      '.ci/run': '',
      'README.md': '',
    },
  },
  {
    rule: 'one word stands for one thing',
    bad: {
      'src/mesh/link.ts': '// Says hello to the remote\n// nodes of the mesh.\nlet nodeId = 1',
      'src/patterns/event.ts': '/**\n * Sends to a topic.\n */\nlet remoteNodes = 1',
      'src/codec/json.ts': 'class JsonSerializer {}\nclass X { #payload = 1 }',
      'examples/demo/main.ts': 'const timeoutAtMs = 1',
    },
    at: [
      'src/mesh/link.ts:3',
      'src/patterns/event.ts:4',
      'src/patterns/event.ts:2',
      'src/codec/json.ts:1',
      'src/codec/json.ts:2',
      'examples/demo/main.ts:1',
    ],
    good: {
      'src/wire/outlet.ts': '// The topic of a channel.\nlet topic = 1',
      'src/contract/asyncapi.ts': 'let x = { payload: 1 }',
      'src/base/runtime.ts': "// Node's own.\nlet node = tree.node\nlet isotopic = 1",
      'bench/others/main.ts': 'let nodeID = 1, payload = 2',
    },
  },
]

const habits: readonly Case[] = [
  {
    rule: 'a file of src opens with one to 4 lines that say what it owns',
    bad: { 'src/base/a.ts': '\n// Owns a.', 'src/base/b.ts': lines(5, '// Owns b.') },
    at: ['src/base/a.ts:1', 'src/base/b.ts:1'],
    good: {
      'src/base/a.ts': lines(4, '// Owns a.'),
      'src/cli/main.ts': '#!/usr/bin/env node\n// The commands.',
      'test/x.test.ts': '',
    },
  },
  {
    rule: 'no comment puts work off',
    bad: { 'test/x.test.ts': 'x()\n/*\n * TODO: more\n */', 'src/a.ts': 'f(/* XXX */)' },
    at: ['test/x.test.ts:3', 'src/a.ts:1'],
    good: { 'src/a.ts': "f('TODO')\n// A template: x.XXXXXX" },
  },
  {
    rule: 'exports have names',
    bad: {
      'src/a.ts': '\nexport default 1',
      'src/b.ts': 'export default function f() {}',
      'src/c.ts': 'const c = 1\nexport { c as default }',
    },
    at: ['src/a.ts:2', 'src/b.ts:1', 'src/c.ts:2'],
    good: { 'vitest.config.ts': 'export default 1', 'src/a.ts': 'export const a = 1' },
  },
  {
    rule: 'nothing is of type any',
    bad: { 'test/x.test.ts': 'let a: unknown\nlet b = a as Map<string, any>' },
    at: ['test/x.test.ts:2'],
    good: { 'test/x.test.ts': '// any\nlet any: unknown' },
  },
  {
    rule: 'no comment switches the compiler off',
    bad: { 'src/a.ts': 'x()\n// @ts-ignore: later', 'src/b.ts': '// @ts-nocheck' },
    at: ['src/a.ts:2', 'src/b.ts:1'],
    good: { 'test/types.test.ts': '// @ts-expect-error: a string is no number' },
  },
  {
    rule: 'every test runs',
    bad: { 'test/x.test.ts': "it.only('x', f)\ndescribe.skip('y', f)\ntest.todo('z')" },
    at: ['test/x.test.ts:1', 'test/x.test.ts:2', 'test/x.test.ts:3'],
    good: { 'test/x.test.ts': "it.skipIf(!root)('x', f)\nit.each([1])('y', f)\nqueue.skip(1)" },
  },
]

const timing: readonly Case[] = [
  {
    rule: 'src/base/clock.ts alone reads a clock or sets a timer',
    bad: {
      'src/mesh/a.ts': 'setTimeout(f, 1)\nglobalThis.setInterval(f, 1)\nDate.now()',
      'src/mesh/b.ts': 'performance.now()\nnew Date()\nAbortSignal.timeout(5)',
      'src/mesh/c.ts': "import { setTimeout as wait } from 'node:timers/promises'",
    },
    at: [
      ...[1, 2, 3].map((line) => `src/mesh/a.ts:${line}`),
      ...[1, 2, 3].map((line) => `src/mesh/b.ts:${line}`),
      'src/mesh/c.ts:1',
    ],
    good: {
      'src/base/clock.ts': 'setTimeout(f, Date.now())',
      'src/gateway/http.ts':
        'socket.setTimeout(1)\nnew Date(0)\nsetImmediate(f)\nqueueMicrotask(f)',
      'test/x.test.ts': 'Date.now()',
    },
  },
  {
    rule: 'tests wait for what happens, not for time to pass',
    bad: {
      'test/a.test.ts': 'await new Promise((resolve) => setTimeout(resolve, 10))',
      'test/b.test.ts': 'await new Promise<void>((done) => {\n  setTimeout(() => done(), 10)\n})',
      'test/c.test.ts': "import { setTimeout as sleep } from 'node:timers/promises'",
      'test/d.test.ts': 'await sleep(systemClock, 10)',
    },
    at: ['test/a.test.ts:1', 'test/b.test.ts:1', 'test/c.test.ts:1', 'test/d.test.ts:1'],
    good: {
      'test/a.test.ts': 'await new Promise((resolve) => setImmediate(resolve))',
      'test/b.test.ts': 'new Promise((ok, fail) => { setTimeout(fail, 9); x.on("y", ok) })',
      'test/d.test.ts': 'await sleep(clock, 10)',
      'test/fault/a.test.ts': 'await new Promise((resolve) => setTimeout(resolve, 10))',
    },
  },
]

export const writingCases: readonly Case[] = [...sizes, ...naming, ...habits, ...timing]
