// Owns `earshot keys`: making a peer's key, showing its public half.
// Never prints a secret, and never overwrites a key.

import type { Command } from 'commander'
import { createKey, type PublicKey, parseAllowFile, readKey } from 'earshot'
import { keyFile } from './environment.ts'
import { type JsonOptions, withJson } from './options.ts'
import { jsonText, paint, print, visible } from './terminal.ts'

const examples = `
Examples:
  $ earshot keys new orders.key          make a key, and show what others put on their lists
  $ earshot keys show orders.key         the public half, to copy
  $ earshot keys fingerprint orders.key  to compare by eye, or on the telephone`

const whichFile = 'the file of the key; default: $EARSHOT_KEY, or earshot.key'

export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('make a key for a peer, show its public half')
    .description(
      'Keys of peers: the secret stays in a file of mode 0600, the public half is shown.',
    )
    .addHelpText('after', examples)
  withJson(keys.command('new').summary('make a key').argument('[file]', whichFile)).action(
    (file: string = keyFile(), options: JsonOptions) => showNew(file, createKey(file), options),
  )
  withJson(
    keys.command('show').summary('print the public key').argument('[file]', whichFile),
  ).action((file: string = keyFile(), { json }: JsonOptions) => {
    const key = readKey(file)
    print(json ? jsonText({ file, ...key }) : key.publicKey)
  })
  withJson(
    keys
      .command('fingerprint')
      .summary('print the fingerprint of a key')
      .argument('[key]', 'a file, or a public key; default: $EARSHOT_KEY, or earshot.key'),
  ).action((given: string = keyFile(), { json }: JsonOptions) => {
    const key = publicKeyOf(given)
    print(json ? jsonText(key) : key.fingerprint)
  })
}

/** A public key itself, or that of a file. */
function publicKeyOf(given: string): PublicKey {
  const [one] = parseAllowFile('', `${given} x`).trusted.values()
  return one ? { publicKey: one.publicKey, fingerprint: one.key } : readKey(given)
}

function showNew(file: string, key: PublicKey, { json }: JsonOptions): void {
  if (json) {
    print(jsonText({ file, ...key }))
    return
  }
  print(`secret key:  ${visible(file)} (mode 0600: keep it, and show it to nobody)`)
  print(`public key:  ${paint('bold', key.publicKey)}`)
  print(`fingerprint: ${key.fingerprint}`)
}
