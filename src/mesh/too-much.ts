// Owns the words for what is beyond a limit of a link or an outlet.
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
