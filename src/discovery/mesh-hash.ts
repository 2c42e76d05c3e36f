// Owns how a mesh is called where its name must not be shown: in DNS and in paths.
// Never a secret: a short hash only keeps names out of sight and labels short.

import { createHash } from 'node:crypto'

/** The first 8 hex digits of the SHA-256 of the mesh name. */
export function meshHash(mesh: string): string {
  return createHash('sha256').update(mesh, 'utf8').digest('hex').slice(0, 8)
}
