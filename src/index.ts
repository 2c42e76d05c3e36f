// The entry `earshot`: everything that users of the peer API need, and nothing else.

export type { Overflow } from './base/bounded-queue.ts'
export { type Clock, sleep, systemClock, type Timer } from './base/clock.ts'
export type { Diagnostic } from './base/diagnostics.ts'
export { type ErrorCode, type ErrorRow, errorTable, explain } from './base/error-table.ts'
export { EarshotError, isEarshotError, type Sent } from './base/errors.ts'
export {
  defaultLimits,
  type LimitName,
  type LimitRow,
  type Limits,
  limitTable,
} from './base/limits.ts'
export { bodyFromJson, bodyToJson, createCodec, encode, type Part } from './codec/bodies.ts'
export { type BodyCodec, type CodecName, codecNames } from './codec/codec.ts'
export { codecsModule } from './codec/codecs-module.ts'
export { type CodecFactory, provideCodecs } from './codec/prepared.ts'
export { type BodyReader, resolve } from './codec/resolve.ts'
export { Bytes } from './contract/bytes.ts'
export type { Change, Direction } from './contract/change.ts'
export {
  type Channel,
  type ChannelDraft,
  type ChannelKind,
  duplex,
  event,
  notification,
  request,
  scatter,
  stream,
} from './contract/channel.ts'
export { type Compatibility, compat } from './contract/compat.ts'
export {
  type AnyContract,
  type Contract,
  type ContractDescription,
  type ContractOptions,
  contract,
  type Drafts,
  describeContract,
} from './contract/contract.ts'
export { toProto } from './contract/contract-to-proto.ts'
export { Decimal } from './contract/decimal.ts'
export { type DeclaredError, isDeclared } from './contract/declared-errors.ts'
export { type AvroOptions, fromAvro } from './contract/from-avro.ts'
export { contractFromDescription } from './contract/from-description.ts'
export { fromProto, type ProtoContents, type ProtoOptions } from './contract/from-proto.ts'
export {
  fromSamples,
  type SampleNote,
  type SampleOptions,
  type SampleShape,
} from './contract/from-samples.ts'
export type { Lock } from './contract/lock.ts'
export { checkLock, type ExtendOptions, extendLock } from './contract/lock-check.ts'
export type { Shape } from './contract/shape.ts'
export { type AvroSchema, avroSchemaOf as toAvro } from './contract/to-avro.ts'
export { type JsonSchema, toJsonSchema } from './contract/to-json-schema.ts'
export { contractsToTypeScript, toTypeScript } from './contract/to-typescript.ts'
export { type DnsOptions, dns } from './discovery/dns/dns.ts'
export { gossip } from './discovery/gossip.ts'
export {
  type MdnsDiscovery,
  type MdnsInterface,
  type MdnsOptions,
  mdns,
} from './discovery/mdns/mdns.ts'
export { remedyFor } from './discovery/mdns/remedies.ts'
export { nativeMdns } from './discovery/native/native.ts'
export type {
  Announcement,
  Discovery,
  DiscoveryEvent,
  PeerPlace,
  PeerRecord,
} from './discovery/provider.ts'
export {
  type Registrar,
  type RegistrarOptions,
  type Registration,
  registrar,
} from './discovery/registrar.ts'
export type { ServiceToRegister } from './discovery/registration.ts'
export { staticPeers } from './discovery/static.ts'
export type { Balance, BalanceBy, BalanceOptions } from './mesh/balance.ts'
export type { PeerChange } from './mesh/mesh.ts'
export type { From, Mismatch, RemotePeer } from './mesh/remote.ts'
export type { TriedEndpoint } from './mesh/tried.ts'
export type { UnreachedPeer } from './mesh/unreached.ts'
export type { HandlerContext, RequestContext } from './patterns/call-context.ts'
export type { CallOptions } from './patterns/call-options.ts'
export type { BreakerView } from './patterns/client-policies.ts'
export type { StreamOptions } from './patterns/conversation.ts'
export type { DeferredAnswer } from './patterns/deferred-answer.ts'
export type { Publisher, PublishOptions, SubscribeOptions } from './patterns/event.ts'
export type { EventContext } from './patterns/event-context.ts'
export type { RateLimitOptions, ServeOptions } from './patterns/gate.ts'
export type { Headers } from './patterns/headers.ts'
export {
  type Message,
  type MessageType,
  type MessageWords,
  messageHeaders,
  type Within,
} from './patterns/message.ts'
export type {
  Middleware,
  Next,
  PeerMiddleware,
  Received,
  Sending,
} from './patterns/middleware.ts'
export type { NotifyOptions, Sender } from './patterns/notification.ts'
export type {
  BreakerChange,
  BreakerOptions,
  BulkheadOptions,
  PolicyOptions,
  RetryOptions,
} from './patterns/policy-options.ts'
export type { Scatter, ScatterAnswer, Scattered, ScatterOptions } from './patterns/scatter.ts'
export type { Duplex } from './patterns/stream.ts'
export type { Subscription } from './patterns/subscriber.ts'
export type { AnswerOptions, LaterOptions, Ticket, TicketRecord } from './patterns/ticket.ts'
export type { Verdict, VerdictUntil } from './patterns/verdict.ts'
export { createPeer } from './peer.ts'
export { askDoor, type DoorOptions } from './peer-door.ts'
export type { ChannelStats, LinkStats, PeerStats } from './peer-stats.ts'
export type {
  Answer,
  AnyEvent,
  Client,
  ClientOptions,
  Handlers,
  Items,
  Listen,
  Peer,
  PeerOptions,
  PolicyOf,
  RequestMethod,
  SenderOptions,
  Service,
  ServiceOf,
  WithinProcess,
} from './peer-types.ts'
export type { BreakerSettings, BreakerState } from './resilience/breaker.ts'
export type { Inherited } from './resilience/deadline.ts'
export type { CacheFallback, Fallback, FallbackUsed } from './resilience/fallback.ts'
export type { HedgeSettings } from './resilience/hedge.ts'
export type { RetrySettings } from './resilience/retry.ts'
export type { BudgetSettings } from './resilience/retry-budget.ts'
export type { ShedSettings } from './resilience/shed.ts'
export type { AccessRules } from './security/access.ts'
export { type AllowFile, parseAllowFile, type Trusted } from './security/allow-file.ts'
export { type AllowListOptions, allowList } from './security/allow-list.ts'
export { createKey, type PublicKey, readKey } from './security/key-file.ts'
export { insecure, meshSecret, type Security } from './security/security.ts'
export type { Trust } from './security/trust.ts'
export type { DoorRequest } from './transport/ask-door.ts'
