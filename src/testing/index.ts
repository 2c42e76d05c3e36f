// The entry `earshot/testing`: what users need to test their own services.

export type { LinkConditions } from './conditions.ts'
export type { Failing, FailRule } from './failing.ts'
export { type InWorldsOptions, inWorlds } from './in-worlds.ts'
export {
  type MockBehaviour,
  type MockOptions,
  type MockPeer,
  mockPeer,
  type RecordedCall,
  type RecordedCalls,
} from './mock-peer.ts'
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
export {
  createWorld,
  type World,
  type WorldMockOptions,
  type WorldOptions,
  type WorldPeerOptions,
} from './world.ts'
