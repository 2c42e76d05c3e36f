// Owns the frame and style of report pages: light and dark, phone and paper; nothing is loaded.
// Series differ in lightness as much as in hue: they stay apart in grey and for the colour-blind.

const light = `
  --page: #ffffff; --ink: #1b2128; --soft: #56616d; --line: #d6dce2; --tint: #f3f5f8;
  --s1: #0b4f8a; --s2: #f0a92b; --s3: #d9e6f2; --edge: #35506b; --accent: #0b4f8a;`

const dark = `
  --page: #12161b; --ink: #e6eaee; --soft: #a2adb8; --line: #323a43; --tint: #1b2128;
  --s1: #8cc8ff; --s2: #c47f0c; --s3: #2c4258; --edge: #b7c7d6; --accent: #8cc8ff;`

const pageStyle = `
:root { color-scheme: light dark;${light}
}
@media (prefers-color-scheme: dark) { :root {${dark}
} }
@media print { :root { color-scheme: light;${light}
} }
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 1160px; padding: 24px 16px 64px; background: var(--page);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { margin: 0 0 4px; font-size: 28px; line-height: 1.2; text-wrap: balance; }
h2 { margin: 56px 0 4px; font-size: 22px; line-height: 1.25; }
h3 { margin: 28px 0 8px; font-size: 16px; }
p, ul { margin: 8px 0; max-width: 72ch; }
ul { padding-left: 20px; }
li { margin: 4px 0; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.lead, .note { color: var(--soft); }
.note { font-size: 14px; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; padding: 0; }
nav a { display: inline-block; padding: 6px 0; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 16px; margin: 16px 0; }
dl { font-size: 14px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: minmax(0, 460px) minmax(0, 1fr); gap: 16px 40px; }
.tables { display: flex; flex-direction: column; gap: 16px; min-width: 0; }
figure { margin: 0; }
figcaption { color: var(--soft); font-size: 14px; margin-bottom: 8px; }
details { margin: 8px 0; }
summary { cursor: pointer; padding: 6px 0; color: var(--soft); font-size: 14px; }
pre {
  margin: 0; padding: 12px; background: var(--tint); border-radius: 6px; font-size: 12.5px;
  line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere;
}
.titled caption { display: none; }
.narrow { max-width: 560px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; line-height: 1.3; }
caption { text-align: left; color: var(--soft); font-size: 14px; padding-bottom: 6px; }
th, td { padding: 4px 0 4px 12px; text-align: right; font-variant-numeric: tabular-nums; }
td { white-space: nowrap; }
thead th { vertical-align: bottom; color: var(--soft); font-weight: 500; }
th:first-child { padding-left: 0; text-align: left; }
tbody th { font-weight: 400; }
tr.earshot th { font-weight: 600; }
tr.first > * { border-top: 1px solid var(--line); }
.chart { display: block; width: 100%; height: auto; font-size: 10.5px; }
.chart text { fill: var(--ink); }
.chart .label { text-anchor: end; font-size: 10px; }
.chart .earshot { font-weight: 600; }
.chart .tick { text-anchor: middle; fill: var(--soft); font-size: 9.5px; }
.chart .figure { font-size: 9.5px; font-variant-numeric: tabular-nums; }
.chart rect { stroke: var(--edge); stroke-width: 0.5; }
.s1 { fill: var(--s1); } .s2 { fill: var(--s2); } .s3 { fill: var(--s3); }
.l1, .l2, .l3 { fill: none; stroke-width: 2; }
.l1 { stroke: var(--s1); } .l2 { stroke: var(--s2); }
.l3 { stroke: var(--soft); stroke-dasharray: 4 2; }
.grid { stroke: var(--line); stroke-width: 0.75; }
.base { stroke: var(--soft); stroke-width: 1; }
.spread { stroke: var(--ink); stroke-width: 1.25; }
.halo { stroke: var(--page); stroke-width: 3.5; }
@media (max-width: 860px) { .pair { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 480px) {
  h1 { font-size: 24px; }
  table { font-size: 11.5px; }
  th, td { padding-left: 5px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 6px; }
}
@media print {
  @page { size: A4; margin: 10mm 14mm; }
  body { max-width: none; padding: 0; font-size: 9.5pt; line-height: 1.35; }
  h1 { font-size: 18pt; }
  h2 { font-size: 14pt; }
  h3 { font-size: 10.5pt; }
  nav, details { display: none; }
  .pair { grid-template-columns: minmax(0, 40%) minmax(0, 1fr); gap: 8mm; }
  .tables { gap: 10px; }
  p, ul, dl { margin: 4px 0; }
  li { margin: 1px 0; }
  table { font-size: 7pt; line-height: 1.2; }
  th, td { padding: 1px 0 1px 6px; }
  caption, figcaption, .note, dl { font-size: 8.5pt; }
  h2 { margin-top: 5mm; break-after: avoid; }
  h3 { margin: 3mm 0 1mm; break-after: avoid; }
  section { break-before: page; }
  section h2 { margin-top: 0; }
  figure, table, .pair { break-inside: avoid; }
  .scroll { overflow: visible; }
}
`

/** A whole page; the policy in its head forbids it to load anything. */
export function page(title: string, body: string): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'"
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body>
${body}
</body>
</html>
`
}
