// Owns the wish to stop: Ctrl-C, SIGTERM, a reader of stdout who has left; and waiting that
// heeds it. Never ends the process: commands leave the mesh first.

import { sleep, systemClock } from 'earshot'

const LOOK_MS = 5

const controller = new AbortController()

/** Aborted when the user or the system wants us to end. */
export const stop: AbortSignal = controller.signal

export function requestStop(): void {
  controller.abort()
}

/** From now on the first signal asks us to end; a second one kills, as it does by default. */
export function heedSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    if (process.listeners(name).includes(requestStop)) continue
    process.once(name, requestStop)
  }
}

/** Resolves when we are to end. */
export function untilStopped(): Promise<void> {
  if (stop.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Looks every few ms; undefined when nothing was seen in `waitMs`, or when we are to end. */
export async function lookUntil<T>(
  look: () => T | undefined | Promise<T | undefined>,
  waitMs: number,
): Promise<T | undefined> {
  const endMs = systemClock.nowMs() + waitMs
  while (!stop.aborted) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (systemClock.nowMs() >= endMs) return undefined
    await sleep(systemClock, LOOK_MS)
  }
  return undefined
}

/** Lets the event loop turn: sockets empty, and signals are heard. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
