// Owns the source for many floats in a row: a list's, all of one size. Hot path: the room is looked
// at once, the view is held in a constant, and four items are done at a time.

import type { FloatShape, Shape } from '../contract/shape.ts'
import { emitConstraints, floatTest, type Source } from './compile.ts'

/** How a format writes one float: a head byte before it or none, and which end first. */
export interface FloatForm {
  readonly head?: number
  readonly littleEndian: boolean
}

const four = [0, 1, 2, 3] as const

/** In the loop of four `| 0` spares V8 a test for overflow at each sum; no end may be beyond it. */
const mostBytes = 0x7fff_ffff

function strideOf({ bits }: FloatShape, { head }: FloatForm): number {
  return bits / 8 + (head === undefined ? 0 : 1)
}

/** A loop over items that are at q: by four while `test` holds for all of them, then by one. */
function emitLoops(
  stride: number,
  { end, to }: { end: string; to: string },
  test: (at: string) => string,
  body: (items: readonly { index: string; at: (offset: number) => string }[]) => string,
): string {
  const items = four.map((nth) => ({
    index: `j + ${nth} | 0`,
    at: (offset: number) => `q + ${nth * stride + offset} | 0`,
  }))
  const one = { index: 'j', at: (offset: number) => `q + ${offset}` }
  const tests = items.map(({ at }) => test(at(0))).join('')
  return `for (const m = ${end} > ${mostBytes} ? 0 : ${to} - 3; j < m${tests};) {
${body(items)}
j = j + 4 | 0; q = q + ${4 * stride} | 0;
}
for (; j < ${to}${test('q')}; j++, q += ${stride}) {
${body([one])}
}`
}

/** Writes `n` items of the list `v` at p, and moves p; without room, only checks and moves. */
export function emitFloatRun(items: FloatShape, form: FloatForm, v: string, n: string): string {
  const { head, littleEndian } = form
  const stride = strideOf(items, form)
  const check = (x: string): string => `if (!(${floatTest(items, x, false)})) wrong();`
  const loops = emitLoops(
    stride,
    { end: 'end', to: n },
    () => '',
    (list) => {
      const read = list.map(({ index }, nth) => `item${nth} = ${v}[${index}]`)
      const puts = list.map(({ at }, nth) => {
        const put = head === undefined ? '' : `d.setUint8(${at(0)}, ${head}); `
        const start = at(head === undefined ? 0 : 1)
        return `${put}d.setFloat${items.bits}(${start}, item${nth}, ${littleEndian});`
      })
      const checks = list.map((_, nth) => check(`item${nth}`))
      return [`const ${read.join(', ')};`, ...checks, ...puts].join('\n')
    },
  )
  return `{ const d = dv, end = p + ${n} * ${stride};
let j = 0, q = p;
if (end <= b.length) {
${loops}
} else for (; j < ${n}; j++) {
const x = ${v}[j];
${check('x')}
}
p = end; }`
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
  const loops = emitLoops(
    strideOf(items, form),
    { end: 'e', to },
    (at) => (head === undefined ? '' : ` && d.getUint8(${at}) === ${head}`),
    (list) => {
      const reads = list.map(({ index, at }) => {
        const start = at(head === undefined ? 0 : 1)
        return `a[${index}] = d.getFloat${items.bits}(${start}, ${littleEndian});`
      })
      return reads.join('\n')
    },
  )
  return `{ const d = dv, a = ${y};
let j = ${from}, q = p;
${loops}
${from} = j; p = q; }`
}
