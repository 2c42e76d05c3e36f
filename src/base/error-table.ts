// Owns every error code: what it means and what to do. README and `earshot explain` print it.
// A row is never renamed or reused: programs compare codes.

/** Could a repeat do the work twice? `no`: nothing left this process. */
export type Sent = 'no' | 'unknown'

export interface ErrorRow {
  readonly meaning: string
  readonly remedy: string
  readonly retryable: boolean
  readonly sent: Sent
}

/** All codes, with meaning, remedy, and the defaults of `retryable` and `sent`. */
export const errorTable = {
  EARSHOT_OPTION_INVALID: {
    meaning: 'An option has a value that cannot be used.',
    remedy: 'Correct the option named by `path`.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_SHAPE_UNSUPPORTED: {
    meaning: 'A type in a contract cannot be carried by every codec of its channel.',
    remedy: 'Follow the hint in the message, or narrow the channel: `codecs: ["json", "msgpack"]`.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_CONTRACT_INVALID: {
    meaning: 'A contract cannot be defined as written.',
    remedy: 'Correct the name, version or channel named in the message.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_CONTRACT_CLASH: {
    meaning: 'One peer offers two different contracts of the same name and major version.',
    remedy: 'Serve and publish one of them, or raise the major version of the other.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_CONTRACT_MISMATCH: {
    meaning: 'Two peers hold contracts of one name that cannot understand each other.',
    remedy: 'Bring both to versions that go together; the message names both and the field.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_CODE_FORBIDDEN: {
    meaning: 'The process forbids code made at run time, which compiled codecs need.',
    remedy: 'Write them ahead with `earshot gen --to codecs`, and import that module first.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_SCHEMA_INVALID: {
    meaning: 'An Avro schema, a .proto file or a JSON Schema is not what its language demands.',
    remedy: 'Correct the schema at the path or line named in the message.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_LOCK_INVALID: {
    meaning: 'A lock file is damaged, or gives other numbers than the contract has.',
    remedy: 'Restore the lock file, and hand it to the contract: `contract(…, { lock })`.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_CONTRACT_UNLOCKED: {
    meaning: 'A contract has parts, or a version, that its lock file does not have.',
    remedy: 'Run `earshot contract lock <module>` and commit the lock file.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_VERSION_TOO_LOW: {
    meaning: 'A contract has changed by more than its version says.',
    remedy:
      'Raise the version as said, or take it back; where tags moved, `contract(…, { lock })`.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_CHANNEL_UNKNOWN: {
    meaning: 'The remote peer does not serve this channel.',
    remedy:
      'Check contract name, version and channel; `earshot peers --json` lists what is served.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_CODEC_UNSHARED: {
    meaning: 'The two peers have no codec in common for this channel.',
    remedy: 'Let the `codecs` lists of both sides overlap.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_BODY_INVALID: {
    meaning: 'A body does not fit its type in the contract.',
    remedy: 'Correct the field named by `path`.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_BODY_TOO_LARGE: {
    meaning: 'A message is larger than the limit.',
    remedy: 'Send less at once, or raise `limits.maxMessageBytes` on both sides.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_BYTES_INVALID: {
    meaning: 'Bytes from the network are not what their format demands.',
    remedy: 'Look at the sender: it runs another version, or it is hostile.',
    retryable: false,
    sent: 'unknown',
  },
  EARSHOT_NO_SERVER: {
    meaning: 'No peer that serves this contract, in a version asked for, was found in time.',
    remedy: 'Start one, or see `earshot peers` for who is heard.',
    retryable: true,
    sent: 'no',
  },
  EARSHOT_TIMEOUT: {
    meaning: 'No answer came before the deadline.',
    remedy: 'Raise `timeoutMs`, or look at the load of the serving peer.',
    retryable: true,
    sent: 'unknown',
  },
  EARSHOT_CANCELLED: {
    meaning: 'The caller cancelled the call.',
    remedy: 'Nothing to do: it was asked for.',
    retryable: false,
    sent: 'unknown',
  },
  EARSHOT_PEER_GONE: {
    meaning: 'The remote peer left or died before it answered.',
    remedy: 'Try again if the work may be done twice; another peer will be chosen.',
    retryable: true,
    sent: 'unknown',
  },
  EARSHOT_REMOTE: {
    meaning: 'The handler of the remote peer failed.',
    remedy: 'Look at the log of the remote peer named in the message.',
    retryable: false,
    sent: 'unknown',
  },
  EARSHOT_DECLARED: {
    meaning: 'The handler failed in a way that the contract declares.',
    remedy: 'Tell which by `name`, and read its `data`: `isDeclared(channel, error)`.',
    retryable: false,
    sent: 'unknown',
  },
  EARSHOT_TICKET_UNKNOWN: {
    meaning: 'A ticket was claimed that its peer does not have: answered, ended, or never there.',
    remedy: 'Ask anew if the work may be done twice; claim a ticket before its deadline.',
    retryable: false,
    sent: 'unknown',
  },
  EARSHOT_OVERLOADED: {
    meaning: 'A queue is full.',
    remedy: 'Slow down, wait for `ready()`, or raise the limit named in the message.',
    retryable: true,
    sent: 'no',
  },
  EARSHOT_DEADLINE: {
    meaning: 'The deadline passed while the work still waited: it was not begun, and will not be.',
    remedy: 'Look at the queue that `data.where` names: it is longer than the time-out.',
    retryable: true,
    sent: 'no',
  },
  EARSHOT_BREAKER_OPEN: {
    meaning: 'Too many calls to all peers that serve this failed or were slow: none goes for now.',
    remedy: 'Look at the peers in `peer.breakers()`; one call tries again every second (`openMs`).',
    retryable: true,
    sent: 'no',
  },
  EARSHOT_RATE_LIMITED: {
    meaning: 'The serving peer takes no more requests a second than its `rateLimit` says.',
    remedy: 'Send fewer, or raise `rateLimit` where the contract is served.',
    retryable: true,
    sent: 'no',
  },
  EARSHOT_ALREADY_SERVED: {
    meaning: 'This peer already serves that contract or channel.',
    remedy: 'Close the earlier service first.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_CLOSED: {
    meaning: 'The peer, subscription or publisher is closed.',
    remedy: 'Create a new one.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_ADDRESS_IN_USE: {
    meaning: 'The address to listen on is taken or not available.',
    remedy: 'Choose another port, or leave it out to get a free one.',
    retryable: true,
    sent: 'no',
  },
  EARSHOT_INSECURE_LISTEN: {
    meaning: 'Listening beyond this host was asked for without security.',
    remedy: "Set `security`: allowList('…'), meshSecret('…') or insecure(); or `listen: 'host'`.",
    retryable: false,
    sent: 'no',
  },
  EARSHOT_SECURITY: {
    meaning: 'Somebody was refused for want of the right key, or the check of keys itself failed.',
    remedy: 'Give all peers of the mesh the same `security`; see the message for who and where.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_TRUST_INVALID: {
    meaning: 'A key file or an allow list cannot be used, or others could have read or written it.',
    remedy: 'Correct the file, and the line, named in the message; `earshot keys` makes keys.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_DENIED: {
    meaning: 'A rule of access closes this channel to the key that asked.',
    remedy: 'Ask with a key that has the role, or let the serving peer allow it (`allow`).',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_INSECURE: {
    meaning: 'A peer runs with insecure(): any stranger who reaches it can use it, and stop it.',
    remedy: "Set `security: allowList('…')` or `meshSecret('…')` wherever strangers may come.",
    retryable: false,
    sent: 'no',
  },
  EARSHOT_RUNTIME_DIR: {
    meaning: 'The directory for the sockets of this host cannot be used safely.',
    remedy: 'Let the path named in the message be a directory that you own with mode 0700.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_DISCOVERY: {
    meaning: 'A discovery provider failed; the others go on.',
    remedy: 'See the message; `earshot peers` shows what is still found.',
    retryable: true,
    sent: 'no',
  },
  EARSHOT_BINDING: {
    meaning: 'The native ZeroMQ binding cannot be loaded.',
    remedy: 'Reinstall `zeromq` for this platform and Node version.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_DOOR: {
    meaning: 'The door of a peer refused or did not understand a control request.',
    remedy: 'Check the operation and its arguments.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_SEED_FAILED: {
    meaning: 'What a test runs in many simulated worlds failed in one of them.',
    remedy: 'Run it again after EARSHOT_SEED=…, as the message says; `cause` is what failed.',
    retryable: false,
    sent: 'no',
  },
  EARSHOT_INTERNAL: {
    meaning: 'A fault inside Earshot.',
    remedy: 'Please report it with the message and the stack.',
    retryable: false,
    sent: 'unknown',
  },
} as const

export type ErrorCode = keyof typeof errorTable

/** The row of a code. */
export function explain(code: ErrorCode): ErrorRow {
  return errorTable[code]
}
