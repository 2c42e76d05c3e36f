// Handlers that wait until a test lets them go on.

export interface Doorway {
  /** Resolves when it is opened. */
  readonly passed: Promise<void>
  open(): void
}

export function doorway(): Doorway {
  let open: () => void = () => undefined
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open: () => open() }
}
