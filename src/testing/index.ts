// The entry `earshot/testing`: what users need to test their own services.

export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
