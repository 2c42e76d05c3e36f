// Owns what a baseline has to offer: the same four sides for each system, as its users write them.
// Never Earshot: that is measured through its own command.

export interface Adapter {
  /** Takes messages; the address says where. */
  receive(on: (body: Uint8Array) => void): Promise<string>
  /** `send` returns a promise when it is to be waited for; nothing may be lost in between. */
  sender(address: string): Promise<{ send(body: Buffer): Promise<void> | undefined }>
  /** Answers each request with itself. */
  echo(): Promise<string>
  client(address: string): Promise<{ request(body: Buffer): Promise<Uint8Array> }>
}

export type BaselineName = 'zeromq' | 'net'

export const baselineTitles: Readonly<Record<BaselineName, string>> = {
  zeromq: 'zeromq.js',
  net: 'node:net',
}
