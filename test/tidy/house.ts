// Owns the house rules as data: floors, owners of packages, words, what may lie in the root.
// Never code: a new folder, package or entry is one row here, and a reason in ARCHITECTURE.md.

export interface Room {
  readonly floor: number
  /** Folders of src, or single files of them; `type …` allows `import type` alone. */
  readonly mayImport: readonly string[]
}

const edge: Room = { floor: 7, mayImport: ['base', 'contract', 'codec', 'type peer.ts'] }

/** Rows 0 to 7 of the table in ARCHITECTURE.md. Floor 8, cli/, uses the entries as a user does. */
export const rooms: Readonly<Record<string, Room>> = {
  base: { floor: 0, mayImport: [] },
  wire: { floor: 1, mayImport: ['base'] },
  resilience: { floor: 1, mayImport: ['base'] },
  discovery: { floor: 1, mayImport: ['base'] },
  security: { floor: 1, mayImport: ['base'] },
  contract: { floor: 2, mayImport: ['base'] },
  codec: { floor: 3, mayImport: ['base', 'contract'] },
  transport: { floor: 3, mayImport: ['base', 'security'] },
  mesh: {
    floor: 4,
    mayImport: [
      'base',
      'wire',
      'security',
      'codec',
      'contract',
      'transport/transport.ts',
      'discovery/provider.ts',
      'discovery/aggregator.ts',
      'type discovery/pulses.ts',
    ],
  },
  patterns: { floor: 5, mayImport: ['base', 'wire', 'codec', 'contract', 'resilience', 'mesh'] },
  'peer.ts': {
    floor: 6,
    mayImport: [
      'base',
      'wire',
      'resilience',
      'discovery',
      'security',
      'contract',
      'codec',
      'transport',
      'mesh',
      'patterns',
    ],
  },
  'index.ts': {
    floor: 6.5,
    mayImport: [
      'base',
      'wire',
      'resilience',
      'discovery',
      'security',
      'contract',
      'codec',
      'transport',
      'mesh',
      'patterns',
      'peer.ts',
    ],
  },
  durable: edge,
  outbox: edge,
  gateway: edge,
  bridge: edge,
  inspect: edge,
  telemetry: edge,
  report: edge,
  // Peers of its own, on a transport and a provider of its own.
  testing: {
    floor: 7,
    mayImport: [
      ...edge.mayImport,
      'peer.ts',
      'wire/record.ts',
      'transport/transport.ts',
      'discovery/provider.ts',
      'discovery/event-queue.ts',
      'patterns/refusal.ts',
      'type patterns',
    ],
  },
  cli: { floor: 8, mayImport: [] },
}

/** Which folders of src may import a package; one that is not listed may be imported by none. */
export const owners: Readonly<Record<string, readonly string[]>> = {
  zeromq: ['transport'],
  typebox: ['contract'],
  msgpackr: ['codec', 'contract'],
  avsc: ['codec', 'contract'],
  protobufjs: ['codec', 'contract'],
  mdns: ['discovery'],
  commander: ['cli'],
  pg: ['outbox'],
  lmdb: ['durable'],
  '@opentelemetry/api': ['telemetry'],
  'node:dgram': ['discovery'],
}

/** Rows that are written down before the code that uses them. A row in use must leave the list. */
export const pending: { readonly errors: readonly string[]; readonly limits: readonly string[] } = {
  errors: [],
  limits: [],
}

export interface Synonym {
  /** Matched against whole identifiers. */
  readonly identifier: RegExp
  /** Matched against the text of comments. */
  readonly comment: RegExp
  readonly say: string
  /** Folders where it is the word of somebody else's specification. */
  readonly exempt: readonly string[]
}

/** Words that would be a second name for something that has one. */
export const synonyms: readonly Synonym[] = [
  {
    identifier: /(de)?seriali[sz]er/i,
    comment: /\b(de)?seriali[sz]ers?\b/i,
    say: 'codec',
    exempt: [],
  },
  {
    identifier: /payload/i,
    comment: /\bpayloads?\b/i,
    say: 'body',
    // By the grammar of wire/, a record's payload is all that follows its head.
    exempt: ['src/wire/', 'src/mesh/', 'src/contract/', 'src/bridge/', 'src/gateway/'],
  },
  {
    identifier: /^topics?([A-Z]|$)|[a-z]Topics?([A-Z]|$)/,
    comment: /\btopics?\b/i,
    say: 'channel (a topic is what the outlet filters by: wire, mesh, transport)',
    exempt: ['src/wire/', 'src/mesh/', 'src/transport/', 'src/bridge/'],
  },
  {
    identifier: /^nodeIds?$|(remote|peer|mesh)Nodes?$/i,
    comment: /\b(remote|other|mesh) nodes?\b/i,
    say: 'peer, remote peer',
    exempt: [],
  },
  {
    identifier: /^timeoutAt/,
    comment: /\btimeout at\b/i,
    say: 'deadline (an instant; a timeout is a duration)',
    exempt: [],
  },
]

/** Names that say nothing about what is inside. */
export const emptyNames: readonly string[] = [
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'manager',
  'misc',
]

export const topLevel: readonly string[] = [
  '.ci',
  '.gitignore',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'bench',
  'biome.json',
  'examples',
  'knip.json',
  'native-notes.md',
  'package-lock.json',
  'package.json',
  'schemas',
  'src',
  'test',
  'tsconfig.json',
  'rolldown.config.ts',
  'vitest.config.ts',
]

export const maxScripts = 10
export const maxFileLines = 350
export const maxFunctionLines = 70
export const maxLineLength = 100
export const maxHeadLines = 4
