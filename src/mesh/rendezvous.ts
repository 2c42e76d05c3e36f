// Owns the draw by which a key is given to a peer: the highest wins. The same in every process,
// and when a peer leaves only its own keys move.
// Never knows a peer: it is handed hashes and weights. Source: Schindelhauer and Schomaker,
// "Weighted distributed hash tables" (2005), the logarithmic method.

/** FNV-1a and a last mix: even for keys that differ in one character. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return mixed(value)
}

/** What one peer draws for one key, from 0 to 1, where all weigh the same. */
export function draw(key: number, peer: number): number {
  return (mixed(Math.imul(key, 0x9e3779b1) ^ peer) + 0.5) / 2 ** 32
}

/**
 * The same for a share of the keys as large as its share of the weights. Among equals the order
 * is that of `draw`.
 */
export function drawByWeight(key: number, peer: number, weight: number): number {
  return -weight / Math.log(draw(key, peer))
}

function mixed(bits: number): number {
  let value = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
