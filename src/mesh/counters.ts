// Owns the counts of what a peer did and dropped, in all, by channel and by link: nothing is lost
// unseen.
// Never resets: readers take differences.

export interface Counters {
  framesIn: number
  recordsIn: number
  badFrames: number
  refusedHellos: number
  /** Those who came without a key of this mesh and did not hang up first; nobody read a byte. */
  strangersRefused: number
  unknownRecords: number
  requestsSent: number
  requestsServed: number
  requestsFailed: number
  requestsTimedOut: number
  /** Tries beyond the first, by the client's retry. */
  requestsRetried: number
  /** Failed calls that were not tried again because the budget was used up. */
  retriesRefused: number
  /** Second calls beside slow first ones. */
  requestsHedged: number
  /** Calls that got a fallback instead of an error. */
  fallbacksUsed: number
  breakersOpened: number
  /** Messages that were not sent: nobody was left without an open breaker, or a full bulkhead. */
  breakersRefused: number
  bulkheadsRefused: number
  /** Requests and notifications that were refused here: by rate, by age, or for want of room. */
  requestsShed: number
  /** Requests for which nobody waited any more before they left, or before their handler began. */
  requestsExpired: number
  /** Requests whose answers may come later, that were sent, and that were answered here. */
  ticketsSent: number
  ticketsServed: number
  /** Answers that were kept here until their deadline, and that nobody took. */
  ticketsExpired: number
  lateReplies: number
  droppedReplies: number
  notificationsSent: number
  notificationsReceived: number
  notificationsDropped: number
  streamsOpened: number
  streamsServed: number
  itemsSent: number
  itemsReceived: number
  eventsPublished: number
  eventsReceived: number
  eventsMissed: number
  /** How often a publisher's outlet did not answer, and its events were asked for by its link. */
  outletsBypassed: number
  eventsDropped: number
  handlerErrors: number
  /** Handlers that failed as their contract declares. */
  errorsDeclared: number
  peersUp: number
  peersDown: number
  /** How often a remote peer was silent for longer than usual. */
  peersSuspected: number
  discoveryFaults: number
  topicsIgnored: number
  doorRequests: number
  /** Messages that a rule of access has refused. */
  denied: number
}

export function createCounters(): Counters {
  return {
    framesIn: 0,
    recordsIn: 0,
    badFrames: 0,
    refusedHellos: 0,
    strangersRefused: 0,
    unknownRecords: 0,
    requestsSent: 0,
    requestsServed: 0,
    requestsFailed: 0,
    requestsTimedOut: 0,
    requestsRetried: 0,
    retriesRefused: 0,
    requestsHedged: 0,
    fallbacksUsed: 0,
    breakersOpened: 0,
    breakersRefused: 0,
    bulkheadsRefused: 0,
    requestsShed: 0,
    requestsExpired: 0,
    ticketsSent: 0,
    ticketsServed: 0,
    ticketsExpired: 0,
    lateReplies: 0,
    droppedReplies: 0,
    notificationsSent: 0,
    notificationsReceived: 0,
    notificationsDropped: 0,
    streamsOpened: 0,
    streamsServed: 0,
    itemsSent: 0,
    itemsReceived: 0,
    eventsPublished: 0,
    eventsReceived: 0,
    eventsMissed: 0,
    outletsBypassed: 0,
    eventsDropped: 0,
    handlerErrors: 0,
    errorsDeclared: 0,
    peersUp: 0,
    peersDown: 0,
    peersSuspected: 0,
    discoveryFaults: 0,
    topicsIgnored: 0,
    doorRequests: 0,
    denied: 0,
  }
}

/** What became of the messages of one channel here. */
export interface ChannelCounts {
  /** Requests, notifications, events or items of streams that left. */
  sent: number
  /** Those that came and were handed to a handler or an iterable. */
  received: number
  /** Those that gave way here: no room where they had to wait, nobody to take them, unreadable. */
  dropped: number
  /** Events that were lost on the way to us. */
  missed: number
  /** Events of ours that others say they have lost; told once a heartbeat. */
  missedThere: number
}

export function createChannelCounts(): ChannelCounts {
  return { sent: 0, received: 0, dropped: 0, missed: 0, missedThere: 0 }
}

/** What one link has carried. */
export interface LinkCounts {
  /** Requests, notifications and streams of ours: what balance gave it. */
  calls: number
  framesIn: number
  bytesIn: number
  framesOut: number
  bytesOut: number
  /** Messages that gave way to others, or went down with the link. */
  dropped: number
  /** Events of ours that the other side says it has lost. */
  missedThere: number
}

export function createLinkCounts(): LinkCounts {
  const frames = { framesIn: 0, bytesIn: 0, framesOut: 0, bytesOut: 0 }
  return { calls: 0, ...frames, dropped: 0, missedThere: 0 }
}
