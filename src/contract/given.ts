// Owns the refusal of what is handed to a public function in place of a contract, channel or shape.
// Never judges one that was made here.

import { checkArgument, checkList, isObject } from '../base/arguments.ts'

/** @throws EARSHOT_OPTION_INVALID */
export function checkContract(given: unknown, path: string = '/contract'): void {
  const fits = isObject(given) && typeof given.name === 'string' && Array.isArray(given.channels)
  checkArgument(fits, path, 'a contract, as of contract(…)', given)
}

/** @throws EARSHOT_OPTION_INVALID */
export function checkContracts(given: unknown): void {
  checkList(given, '/contracts', 'a list of contracts')
  for (const [at, one] of [...(given as Iterable<unknown>)].entries()) {
    checkContract(one, `/contracts/${at}`)
  }
}

/** @throws EARSHOT_OPTION_INVALID */
export function checkChannel(given: unknown, path: string = '/channel'): void {
  const fits = isObject(given) && isObject(given.shape)
  checkArgument(fits, path, 'a channel of a contract: Orders.place', given)
}

/** @throws EARSHOT_OPTION_INVALID */
export function checkShape(given: unknown, path: string = '/shape'): void {
  const fits = isObject(given) && typeof given.kind === 'string'
  checkArgument(fits, path, 'a shape, as of Orders.place.shape or fromAvro(…)', given)
}
