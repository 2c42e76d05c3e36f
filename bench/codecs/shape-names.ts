// Owns the names of the shapes and what they are. Loads nothing, so that every process may.

export const shapeNames = ['tiny', 'tick', 'order', 'telemetry', 'text'] as const

export type ShapeName = (typeof shapeNames)[number]

export const shapeTitles: Readonly<Record<ShapeName, string>> = {
  tiny: 'tiny event: a number, a short string, a boolean',
  tick: 'market tick: two strings, two 64-bit and two 32-bit integers, two doubles',
  order: 'nested order: 17 fields, addresses, tags, three to five lines of five fields',
  telemetry: 'float telemetry: 200 random doubles and three fields',
  text: '4 KB of text, one word in ten accented',
}
