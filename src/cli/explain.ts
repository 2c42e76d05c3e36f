// Owns `earshot explain`: what an error code means and what to do, from the error table.

import type { Command } from 'commander'
import { type ErrorCode, errorTable, explain } from 'earshot'
import { wrongUsage } from './failure.ts'
import { nearest } from './nearest.ts'
import { type JsonOptions, withJson } from './options.ts'
import { paragraph } from './table.ts'
import { jsonText, paint, print, terminalColumns, visible } from './terminal.ts'

const codes = Object.keys(errorTable) as ErrorCode[]

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .summary('what an error code means, and what to do')
    .description('Explains an error code; without one, lists them all.')
    .argument('[code]', 'EARSHOT_TIMEOUT, or timeout')
  withJson(command).action((code: string | undefined, { json }: JsonOptions) => {
    const chosen = code === undefined ? codes : [find(code)]
    if (!json) return chosen.length === 1 ? showOne(chosen[0] as ErrorCode) : showAll()
    const documents = chosen.map((one) => ({ code: one, ...explain(one) }))
    print(jsonText(code === undefined ? { codes: documents } : documents[0]))
  })
}

/** @throws Failure with the nearest code */
function find(text: string): ErrorCode {
  const plain = text.toUpperCase().replace(/[\s-]+/g, '_')
  const wanted = plain.startsWith('EARSHOT_') ? plain : `EARSHOT_${plain}`
  const code = codes.find((one) => one === wanted)
  if (code) return code
  const near = nearest(wanted, codes)
  const next = near ? `did you mean ${near}?` : 'earshot explain lists all codes'
  throw wrongUsage(`there is no code "${visible(text)}"`, next)
}

function showOne(code: ErrorCode): void {
  const { meaning, remedy, retryable, sent } = explain(code)
  print(paint('bold', code))
  const width = terminalColumns()
  const retry = retryable ? 'yes: the same call may succeed later' : 'no'
  const repeat = sent === 'no' ? 'no: nothing was sent' : 'possibly: it may have arrived'
  const rows = { meaning, remedy, retryable: retry, 'work done': repeat }
  for (const [title, text] of Object.entries(rows)) {
    for (const line of paragraph(`${`${title}:`.padEnd(10)} ${text}`, width, '  ')) print(line)
  }
}

function showAll(): void {
  for (const code of codes) {
    print(paint('bold', code))
    for (const line of paragraph(explain(code).meaning, terminalColumns(), '  ')) print(line)
  }
}
