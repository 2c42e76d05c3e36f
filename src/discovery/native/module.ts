// Owns the part of the npm package `mdns` that we use, and how it is loaded or refused.
// Never its default resolver: on Node 20 and 22 that ends the process when a service is found.

import { createRequire } from 'node:module'
import { EarshotError } from '../../base/errors.ts'

/** What a browser of the package tells of a service. */
export interface NativeService {
  readonly name?: string
  readonly interfaceIndex: number
  readonly networkInterface?: string
  readonly host?: string
  readonly port?: number
  readonly rawTxtRecord?: Uint8Array
}

interface Running {
  start(): void
  stop(): void
  on(event: 'error', listener: (error: unknown) => void): unknown
}

export interface NativeBrowser extends Running {
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'serviceUp' | 'serviceDown', listener: (service: NativeService) => unknown): unknown
}

export interface NativeModule {
  createAdvertisement(
    type: string,
    port: number,
    options: { name: string; txtRecord: Uint8Array },
  ): Running
  createBrowser(type: string, options: { resolverSequence: readonly unknown[] }): NativeBrowser
  readonly rst: { DNSServiceResolve(options: { unwrapTxtRecord: boolean }): unknown }
}

/** From here on the package does not compile, and an old build of it ends the process. */
const FIRST_NODE_WITHOUT = 24

/** @throws EARSHOT_DISCOVERY with what to do, where the package cannot be used */
export function loadNative(
  nodeVersion: string = process.versions.node,
  load: (name: string) => unknown = createRequire(import.meta.url),
): NativeModule {
  if (Number.parseInt(nodeVersion, 10) >= FIRST_NODE_WITHOUT) {
    throw refusal(
      `the package mdns does not run on Node ${nodeVersion}: use mdns(), which needs no package`,
    )
  }
  // Avahi prints a warning of many lines into every program that uses its compatibility layer.
  process.env.AVAHI_COMPAT_NOWARN ??= '1'
  try {
    return load('mdns') as NativeModule
  } catch (cause) {
    const text =
      'the optional package mdns cannot be loaded: install it (npm install mdns@2.7; on Linux ' +
      'libavahi-compat-libdnssd-dev and a compiler come first), or use mdns(), which needs neither'
    throw refusal(text, cause)
  }
}

function refusal(text: string, cause?: unknown): EarshotError {
  return new EarshotError('EARSHOT_DISCOVERY', `nativeMdns: ${text}`, { cause, retryable: false })
}
