// Owns the rules about words: names of files, and one word for one thing.

import ts from 'typescript'
import { emptyNames, type Synonym, synonyms } from './house.ts'
import {
  ast,
  comments,
  type File,
  fileRule,
  isCode,
  lineOf,
  nodes,
  type Rule,
  type Violation,
} from './source.ts'

const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/

function* badNames({ path }: File): Generator<Violation> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const segments = isCode(path) ? path.split('/') : path.split('/').slice(0, -1)
  const odd = segments.find((segment) => !kebab.test(segment))
  if (odd) yield { path, line: 1, message: `"${odd}" is not kebab-case` }
  const empty = path.split(/[/.-]/).find((word) => emptyNames.includes(word.toLowerCase()))
  if (empty) {
    const message = `"${empty}" says nothing: name ${name} after the one concept inside`
    yield { path, line: 1, message }
  }
}

const fileNames: Rule = {
  name: 'names of files are kebab-case and say what is inside',
  *check(files) {
    for (const file of files) yield* badNames(file)
  },
}

const words = fileRule('one word stands for one thing', /^(src|examples)\//, function* (file) {
  const apply = synonyms.filter(({ exempt }) => !exempt.some((at) => file.path.startsWith(at)))
  for (const { found, line, say } of [
    ...wrongIdentifiers(file, apply),
    ...wrongWords(file, apply),
  ]) {
    yield { line, message: `"${found}": the word is ${say}` }
  }
})

function* wrongIdentifiers(file: File, list: readonly Synonym[]) {
  for (const node of nodes(ast(file))) {
    if (!ts.isIdentifier(node) && !ts.isPrivateIdentifier(node)) continue
    const text = node.text.replace('#', '')
    const wrong = list.find(({ identifier }) => identifier.test(text))
    if (wrong) yield { found: text, line: lineOf(file, node), say: wrong.say }
  }
}

function* wrongWords(file: File, list: readonly Synonym[]) {
  for (const { text, line } of comments(file)) {
    for (const { comment, say } of list) {
      const match = comment.exec(text)
      if (!match) continue
      const before = text.slice(0, match.index).split('\n').length - 1
      yield { found: match[0], line: line + before, say }
    }
  }
}

export const nameRules: readonly Rule[] = [fileNames, words]
