// Owns `npm run bench:published`: a directory in, a comparison with its published sizes out.
// Never takes a time.

import { parseArgs } from 'node:util'
import { reportMarkdown, reportText } from 'earshot/report'
import { compareDocument } from './compare.ts'
import { readCorpus } from './corpus.ts'
import { failuresOf, reportOf, source } from './report.ts'

const usage = `npm run bench:published -- <directory> [options]
Compares our sizes with those published for the same documents and schemas.
  <directory>   sizes.json, and a folder a document: document.json, avro-schema.avsc,
                protobuf-schema.proto, avro-pre.patch.json, protobuf-pre.patch.json
  --json        print the JSON on stdout, and nothing else
  --markdown    print the report as Markdown
  --help        this

Exit code 1: a size that can be compared is another, or the directory cannot be read.
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return
  }
  const [directory, ...more] = positionals
  if (directory === undefined || more.length > 0) throw new Error(`one directory\n${usage}`)
  const startMs = Date.now()
  const documents = readCorpus(directory).map(compareDocument)
  const failures = failuresOf(documents)
  const report = reportOf(documents, startMs)
  const text = values.markdown ? reportMarkdown(report) : reportText(report)
  const json = `${JSON.stringify({ source, documents, failures }, null, 2)}\n`
  process.stdout.write(values.json ? json : text)
  for (const failure of failures) process.stderr.write(`FAILED ${failure}\n`)
  if (failures.length > 0) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\nbench:published: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
