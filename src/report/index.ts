// The entry `earshot/report`: tables, charts and pages, as the benchmarks and `earshot codecs`
// show what they found. Never measures, and never writes a file.

export { type Bar, type Chart, type ChartRow, chartSvg, isLog } from './chart.ts'
export { type Difference, firstDifference } from './difference.ts'
export { type Figure, figureOf } from './figure.ts'
export { type Head, headHtml, listHtml } from './head.ts'
export { type LineChart, lineChartSvg } from './line-chart.ts'
export { describeMachine, type Machine, machineLines } from './machine.ts'
export { escapeText } from './markup.ts'
export { bytes, count, digits, duration, none, ratio, short, spread } from './number.ts'
export { page } from './page.ts'
export { progressLine } from './progress.ts'
export { type CborLibrary, cborRival, type Rival } from './rival.ts'
export {
  type Drawing,
  type Part,
  type Report,
  reportHtml,
  reportMarkdown,
  reportText,
  type Section,
} from './section.ts'
export { beside, type Row, type Table, tableHtml, tableMarkdown, tableText } from './table.ts'
export { wrapped } from './wrap.ts'
export { type XmlLibrary, xmlRival } from './xml.ts'
