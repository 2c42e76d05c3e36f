// Owns the counts of what a peer did and dropped: one flat table, so that nothing is lost unseen.
// Never resets: readers take differences.

export interface Counters {
  framesIn: number
  recordsIn: number
  badFrames: number
  refusedHellos: number
  unknownRecords: number
  requestsSent: number
  requestsServed: number
  requestsFailed: number
  requestsTimedOut: number
  lateReplies: number
  droppedReplies: number
  notificationsSent: number
  notificationsReceived: number
  notificationsDropped: number
  eventsPublished: number
  eventsReceived: number
  eventsMissed: number
  eventsDropped: number
  handlerErrors: number
  peersUp: number
  peersDown: number
  discoveryFaults: number
  topicsIgnored: number
  doorRequests: number
}

export function createCounters(): Counters {
  return {
    framesIn: 0,
    recordsIn: 0,
    badFrames: 0,
    refusedHellos: 0,
    unknownRecords: 0,
    requestsSent: 0,
    requestsServed: 0,
    requestsFailed: 0,
    requestsTimedOut: 0,
    lateReplies: 0,
    droppedReplies: 0,
    notificationsSent: 0,
    notificationsReceived: 0,
    notificationsDropped: 0,
    eventsPublished: 0,
    eventsReceived: 0,
    eventsMissed: 0,
    eventsDropped: 0,
    handlerErrors: 0,
    peersUp: 0,
    peersDown: 0,
    discoveryFaults: 0,
    topicsIgnored: 0,
    doorRequests: 0,
  }
}
