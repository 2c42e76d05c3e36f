// What comes from others must not steer our terminal.

/** Control characters, invisible formatting (but for joiners of emoji), and line separators. */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** The text with each unsafe character replaced by a visible one. */
export function cleanText(text: string): string {
  return text.replace(unsafe, '\ufffd')
}
