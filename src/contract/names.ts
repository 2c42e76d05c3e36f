// Owns what a name in a shape may be, and how the names for Avro and Protobuf are derived from it.
// Never decides a tag: numbers are the importer's and the lock file's.

const maxNameLength = 256
/** Protobuf's largest field number; 19000 to 19999 are its own. */
export const maxTag = 536_870_911

const maxInt32 = 2_147_483_647
/** As large as a message may be. */
const maxFixed = 16_777_216

const wirePattern = /^[A-Za-z_][A-Za-z0-9_]*$/

/** May a field or symbol be called so? `__proto__` would reach the prototype of what is decoded. */
export function isName(name: string): boolean {
  return (
    name.length > 0 &&
    name.length <= maxNameLength &&
    name !== '__proto__' &&
    !/\p{Surrogate}/u.test(name)
  )
}

/** Letters, digits and underscore, not beginning with a digit: what Avro and Protobuf accept. */
export function isWireName(name: string): boolean {
  return name.length <= maxNameLength && wirePattern.test(name)
}

/** The nearest legal name for Avro and Protobuf. Two names may fall together: check. */
export function wireNameOf(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_')
  return /^[0-9]/.test(plain) || plain === '' ? `_${plain}` : plain
}

/** Is this a field number that every codec can carry? */
export function isTag(tag: unknown): tag is number {
  return (
    Number.isInteger(tag) &&
    (tag as number) >= 1 &&
    (tag as number) <= maxTag &&
    !((tag as number) >= 19_000 && (tag as number) <= 19_999)
  )
}

/** Is this a number that a symbol of an enum can have? */
export function isEnumNumber(number: unknown): number is number {
  return Number.isInteger(number) && (number as number) >= 0 && (number as number) <= maxInt32
}

/** Is this a length that all values of a type of bytes can have? */
export function isFixedLength(length: unknown): length is number {
  return Number.isInteger(length) && (length as number) >= 1 && (length as number) <= maxFixed
}

/** One step of a JSON pointer. */
export function pointerStep(key: string | number): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
