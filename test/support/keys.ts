// Owns keys for tests of a mesh with a list: three of them, and the list, replaced as a whole.

import { mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allowList, createKey, type Peer, type PublicKey } from 'earshot'
import { randomMesh, until } from './peers.ts'

export type Name = 'server' | 'caller' | 'other'

/** All three are let in; `caller` has the role `web`. */
export function keysOf() {
  const folder = mkdtempSync(join(tmpdir(), 'es-revoke-'))
  const keyFile = (name: string) => join(folder, `${name}.key`)
  const keys = {} as Record<Name, PublicKey>
  for (const name of ['server', 'caller', 'other'] as const) keys[name] = createKey(keyFile(name))
  const list = join(folder, 'earshot.allow')
  const text = (roles: Partial<Record<Name, string>>) =>
    Object.entries(roles).map(([name, role]) => `${keys[name as Name].publicKey} ${name} ${role}\n`)
  const admit = (roles: Partial<Record<Name, string>>) => {
    writeFileSync(`${list}.new`, text(roles).join(''))
    renameSync(`${list}.new`, list)
  }
  admit({ server: '', caller: 'web', other: '' })
  const security = (name: Name, file = list) => allowList(file, { key: keyFile(name) })
  return { folder, keyFile, keys, list, text, admit, security, mesh: randomMesh() }
}
export type Keys = ReturnType<typeof keysOf>

export async function knows(one: Peer, other: Peer): Promise<void> {
  await until('it knows it', () => one.peers().some(({ id }) => id === other.id))
}
