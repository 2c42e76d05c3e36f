// Owns the logical types of Avro that shapes keep, decimals apart: which there are, on which types.
// Never changes a value or a byte: they say what the type beneath means.

/** Days, times of a day and instants since 1970, as whole numbers. */
export type LogicalInt =
  | 'date'
  | 'time-millis'
  | 'time-micros'
  | 'timestamp-millis'
  | 'timestamp-micros'
  | 'timestamp-nanos'
  | 'local-timestamp-millis'
  | 'local-timestamp-micros'
  | 'local-timestamp-nanos'
export type LogicalString = 'uuid'
/** `uuid` has 16 bytes, `duration` 12: months, days and milliseconds. */
export type LogicalBytes = 'uuid' | 'duration' | 'big-decimal'

/** The bits of the integer beneath. */
const bitsOf: Readonly<Record<LogicalInt, 32 | 64>> = {
  date: 32,
  'time-millis': 32,
  'time-micros': 64,
  'timestamp-millis': 64,
  'timestamp-micros': 64,
  'timestamp-nanos': 64,
  'local-timestamp-millis': 64,
  'local-timestamp-micros': 64,
  'local-timestamp-nanos': 64,
}

export const logicalInts = Object.keys(bitsOf) as readonly LogicalInt[]

/** As many bits as a logical type asks for; undefined for a name that is none of an integer. */
export function logicalBits(name: unknown): 32 | 64 | undefined {
  return isLogicalName(name) ? bitsOf[name] : undefined
}

function isLogicalName(name: unknown): name is LogicalInt {
  return typeof name === 'string' && Object.hasOwn(bitsOf, name)
}

/** Numbers reach 104 days of nanoseconds: a day of today is no safe integer. */
export function isNanos(name: unknown): boolean {
  return isLogicalName(name) && name.endsWith('-nanos')
}

/** Is it a logical type that the integer can have? */
export function isLogicalInt(
  { bits, bigint }: { readonly bits: 32 | 64; readonly bigint: boolean },
  name: unknown,
): name is LogicalInt {
  if (!isLogicalName(name) || bitsOf[name] !== bits) return false
  return bigint || !isNanos(name)
}

export function isLogicalString(name: unknown): name is LogicalString {
  return name === 'uuid'
}

/** Is it a logical type that bytes of that length, or of any, can have? */
export function isLogicalBytes(
  { length }: { readonly length?: number },
  name: unknown,
): name is LogicalBytes {
  if (length === undefined) return name === 'big-decimal'
  return (length === 16 && name === 'uuid') || (length === 12 && name === 'duration')
}
