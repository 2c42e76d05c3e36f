// Owns the source for many floats in a row: a list's, all of one size. Hot path: the room is looked
// at once, and the view is held in a constant, so that no item looks for either.

import type { FloatShape, Shape } from '../contract/shape.ts'
import { emitConstraints, floatTest, type Source } from './compile.ts'

/** How a format writes one float: a head byte before it or none, and which end first. */
export interface FloatForm {
  readonly head?: number
  readonly littleEndian: boolean
}

function strideOf({ bits }: FloatShape, { head }: FloatForm): number {
  return bits / 8 + (head === undefined ? 0 : 1)
}

/** Writes `n` items of the list `v` at p, and moves p; without room, only checks and moves. */
export function emitFloatRun(items: FloatShape, form: FloatForm, v: string, n: string): string {
  const stride = strideOf(items, form)
  const [put, offset] = form.head === undefined ? ['', ''] : [`b[q] = ${form.head}; `, ' + 1']
  const item = `const x = ${v}[j];\nif (!(${floatTest(items, 'x', false)})) wrong();`
  return `{ const d = dv;
if (p + ${n} * ${stride} <= b.length) for (let j = 0, q = p; j < ${n}; j++, q += ${stride}) {
${item}
${put}d.setFloat${items.bits}(q${offset}, x, ${form.littleEndian});
} else for (let j = 0; j < ${n}; j++) {
${item}
}
p += ${n} * ${stride}; }`
}

/** Floats without bounds: whatever the bytes, none of them can be refused. */
export function isFloatRun(source: Source, items: Shape): items is FloatShape {
  return items.kind === 'float' && emitConstraints(source, items, 'z') === ''
}

/**
 * Reads items into the list `y` from `from` on, up to `to`, while they have the form; moves p and
 * `from`. That the bytes are there must have been checked for all of them.
 */
export function emitFloatReads(
  items: FloatShape,
  form: FloatForm,
  { y, from, to }: { y: string; from: string; to: string },
): string {
  const { head, littleEndian } = form
  const [test, offset] = head === undefined ? ['', ''] : [` && b[q] === ${head}`, ' + 1']
  return `{ const d = dv, a = ${y};
let j = ${from}, q = p;
for (; j < ${to}${test}; j++, q += ${strideOf(items, form)}) {
a[j] = d.getFloat${items.bits}(q${offset}, ${littleEndian});
}
${from} = j; p = q; }`
}
