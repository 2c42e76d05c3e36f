// Owns a promise that is resolved from outside. Node 20 has no `Promise.withResolvers`.

export interface Deferred {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

export function deferred(): Deferred {
  return awaited<void>()
}

/** The same for a value, which may also never come. */
export interface Awaited<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export function awaited<T>(): Awaited<T> {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<T>((settle, fail) => {
    resolve = settle
    reject = fail
  })
  return { promise, resolve, reject }
}

/**
 * What users gave, as a promise that settles once, if it is one or looks like one; undefined: it
 * is there already.
 * @throws what it throws when its `then` is looked for
 */
export function promiseOf(given: unknown): Promise<unknown> | undefined {
  const looked = given as { readonly then?: unknown } | null | undefined
  return typeof looked?.then === 'function' ? Promise.resolve(given) : undefined
}
