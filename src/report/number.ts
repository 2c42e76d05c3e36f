// Owns how figures are written. Never rounds by more than half of the last digit that is shown.

export const none = '–'

/** Three digits or more: `8.84`, `38.1`, `527,762`. */
export function digits(value: number): string {
  const places = value < 10 ? 2 : value < 100 ? 1 : 0
  return value.toLocaleString('en-US', {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  })
}

/** Bytes as a mean: one place, none from 1,000 on. */
export function bytes(value: number): string {
  const places = value < 1_000 ? 1 : 0
  return value.toLocaleString('en-US', {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  })
}

/** `2.10×`; below 1 the other is faster, and it is shown the same way. */
export function ratio(value: number): string {
  return `${value.toFixed(2)}×`
}

/** How far the lowest and the highest run are from the median: `-4 +12%`. */
export function spread(figure: { median: number; lowest: number; highest: number }): string {
  if (figure.lowest === figure.highest) return none
  const percent = (value: number) => Math.round((value / figure.median - 1) * 100)
  return `${percent(figure.lowest) || '-0'} +${percent(figure.highest)}%`
}

/** A time with its unit, three digits: `38.1 ns`, `1.02 µs`, `4.1 ms`. */
export function duration(ns: number): string {
  if (ns < 999.5) return `${three(ns)} ns`
  if (ns < 999_500) return `${three(ns / 1e3)} µs`
  return `${three(ns / 1e6)} ms`
}

function three(value: number): string {
  return value < 99.95 ? value.toPrecision(3) : value.toFixed(0)
}

/** Large figures in three digits: `9.11 M`, `380 k`, `950`. */
export function short(value: number): string {
  if (value >= 999_500) return `${three(value / 1e6)} M`
  return value >= 999.5 ? `${three(value / 1e3)} k` : three(value)
}

/** Whole things: `12,690,000`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
