// Owns breaking sentences and code into lines of a terminal. Never breaks a word, nor a text in
// quotes.

export function wrapped(line: string, width: number): string[] {
  return wrappedWords(line.split(' '), width)
}

function wrappedWords(words: readonly string[], width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of words) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}

/** Lines of code as they are; one that is too long goes on at a space outside quotes, indented. */
export function wrappedCode(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    if (line.length <= width) return [line]
    const indent = `${/^ */.exec(line)?.[0] ?? ''}    `
    const words = line.match(/(?:[^\s'"]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|['"])+/g) ?? []
    const [first = '', ...more] = wrappedWords(words, width - indent.length)
    return [`${indent.slice(4)}${first}`, ...more.map((part) => indent + part)]
  })
}
