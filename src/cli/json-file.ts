// Owns JSON in files that people read and merge: what fits a line is on one, the rest is broken up.
// Never changes a value.

import { renameSync, writeFileSync } from 'node:fs'

const WIDTH = 100

/** JSON with a newline at its end. */
export function jsonFileText(value: unknown): string {
  return `${printed(value, 0, 0)}\n`
}

/** Written beside and put in place at once: a crash leaves the old file or the new one. */
export function writeFileAtOnce(path: string, text: string, mode = 0o666): void {
  const beside = `${path}.${process.pid}.tmp`
  writeFileSync(beside, text, { mode })
  renameSync(beside, path)
}

/** Shapes are for programs: each channel of a locked version is one line. */
const FLAT = 'channels'

/** `taken`: columns before the value, and after it on its line. */
function printed(value: unknown, indent: number, taken: number): string {
  const flat = flatText(value)
  if (typeof value !== 'object' || value === null || flat.length + taken <= WIDTH) return flat
  const inner = ' '.repeat(indent + 2)
  const isList = Array.isArray(value)
  const lines = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([key, part]) => {
      const head = isList ? inner : `${inner}${JSON.stringify(key)}: `
      if (key === FLAT && Array.isArray(part)) return head + printedFlat(part, indent + 2)
      return head + printed(part, indent + 2, head.length + 1)
    })
  const [open, close] = isList ? '[]' : '{}'
  return `${open}\n${lines.join(',\n')}\n${' '.repeat(indent)}${close}`
}

function printedFlat(items: readonly unknown[], indent: number): string {
  const lines = items.map((item) => `${' '.repeat(indent + 2)}${flatText(item)}`)
  return lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n${' '.repeat(indent)}]`
}

function flatText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(flatText).join(', ')}]`
  const parts = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([key, part]) => `${JSON.stringify(key)}: ${flatText(part)}`)
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}
