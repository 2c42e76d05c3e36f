// Owns the escaping of text in HTML, SVG and Markdown. Never builds an element.

/** Safe as text and inside double quotes. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Text in a paragraph of Markdown: names of fields may look like markup. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_<[\]]/g, '\\$&')
}
