// Owns opaque bodies: of one size, or of the sizes that `earshot bench run --size mixed` sends.

/** How often a size occurs among 128: the mix of the command, so that baselines send the same. */
const mix: readonly (readonly [size: number, times: number])[] = [
  [16, 52],
  [100, 42],
  [1_024, 28],
  [4_096, 5],
  [65_536, 1],
]

export function bodiesOf(size: number | 'mixed'): Buffer[] {
  if (size !== 'mixed') return [Buffer.alloc(size, 120)]
  const sizes = mix.flatMap(([bytes, times]) => Array<number>(times).fill(bytes))
  return sizes.map((_, at) => Buffer.alloc(sizes[(at * 37) % sizes.length] as number, 120))
}

/** Numbers a body that is sent again and again: an origin in one byte, a count in four. */
export function stamp(body: Uint8Array, origin: number, number: number): void {
  body[0] = origin
  body[1] = number
  body[2] = number >>> 8
  body[3] = number >>> 16
  body[4] = number >>> 24
}

export function numberOf(body: Uint8Array): number {
  const low = (body[1] as number) | ((body[2] as number) << 8)
  return (low | ((body[3] as number) << 16) | ((body[4] as number) << 24)) >>> 0
}
