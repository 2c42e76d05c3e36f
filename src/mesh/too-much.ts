// Owns the words for what is beyond a limit of a link, an outlet or a watcher.
// Never counts.

import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'

export function overloaded({ maxOutboundBytes }: Limits): EarshotError {
  const text = `${maxOutboundBytes} bytes already wait for a slow peer (maxOutboundBytes)`
  return new EarshotError('EARSHOT_OVERLOADED', text)
}

export function tooLarge({ maxMessageBytes }: Limits): EarshotError {
  const text = `a message is larger than ${maxMessageBytes} bytes (maxMessageBytes)`
  return new EarshotError('EARSHOT_BODY_TOO_LARGE', text)
}

export function fellBehind({ maxIteratorItems }: Limits): EarshotError {
  const text = `${maxIteratorItems} changes of peers wait to be read (maxIteratorItems): watch anew`
  return new EarshotError('EARSHOT_OVERLOADED', text)
}
