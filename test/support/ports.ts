// Ports for tests that must name one: below what the kernel gives to whoever asks for any, so that
// nobody takes one between the look and the use.

import { createServer } from 'node:net'

const LOWEST = 10_000
/** Linux gives out ports from 32 768 on by itself. */
const HIGHEST = 32_000

/** The first of three ports in a row that are free on 127.0.0.1. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    const free = await Promise.all([port, port + 1, port + 2].map(isFree))
    if (free.every(Boolean)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
