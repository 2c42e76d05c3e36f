// The entry `earshot/testing`: what users need to test their own services.

export type { LinkConditions } from './connection.ts'
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
export { createWorld, type World, type WorldOptions, type WorldPeerOptions } from './world.ts'
