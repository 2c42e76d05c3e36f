// What `npm run check:package` runs: is what we would publish what a user can use?
// Never changes the repository, except the golden files of the API under `--update`.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkApi } from './api-report.js'
import { checkConsumer } from './consumer.js'
import { Failure, root, run } from './run.js'

const update = process.argv.includes('--update')
const work = mkdtempSync(join(tmpdir(), 'earshot-package-'))
const bin = (name) => join(root, 'node_modules', '.bin', name)

/** Builds (npm runs `prepare`) and packs as `npm publish` would. */
function pack() {
  const into = join(work, 'packed')
  mkdirSync(into)
  run('npm', ['pack', '--pack-destination', into], {
    remedy: 'make `npm run build` pass first',
  })
  return join(into, readdirSync(into).find((name) => name.endsWith('.tgz')) ?? 'none.tgz')
}

/** Only what is built from today's sources may be in the package. */
function checkContents(tarball) {
  const { stdout } = run('tar', ['-tzf', tarball], { remedy: 'look at what `npm pack` printed' })
  const files = stdout.trim().split('\n')
  const sources = new Set(readdirSync(join(root, 'src'), { recursive: true }).map(String))
  const isOurs = (file) => {
    const built = /^package\/dist\/src\/(.+?)(\.d\.ts|\.js)$/.exec(file)
    if (built) return sources.has(`${built[1]}.ts`)
    if (/^package\/dist\/entries\/[a-z-]+\.js$/.test(file)) return true
    return /^package\/(package\.json|LICENSE|[A-Za-z-]+\.md)$/.test(file)
  }
  const strangers = files.filter((file) => !isOurs(file))
  if (strangers.length > 0) {
    const remedy = 'delete dist and build again, or correct `files` in package.json'
    throw new Failure(`not built from src, yet packed:\n${strangers.join('\n')}`, remedy)
  }
  for (const file of ['package/LICENSE', 'package/README.md']) {
    if (!files.includes(file)) throw new Failure(`${file} is missing`, 'write it')
  }
  return `${files.length} files`
}

function checkPublint(tarball) {
  run(bin('publint'), ['run', tarball, '--strict'], {
    remedy: 'correct package.json where publint points',
  })
}

function checkTypes(tarball) {
  run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'], {
    remedy: 'correct `exports` and `types` of the entry named',
  })
}

function checkKnip() {
  run(bin('knip'), ['--no-progress', '--treat-config-hints-as-errors'], {
    cwd: root,
    remedy: 'delete what nothing uses, or list the dependency that is used',
  })
}

/** One line a step. A step that fails does not hide the next one. */
function step(title, check) {
  const start = performance.now()
  try {
    const note = check()
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`ok    ${title}${typeof note === 'string' ? ` (${note})` : ''}: ${seconds} s`)
    return note
  } catch (error) {
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`FAIL  ${title}: ${seconds} s`)
    console.log(error instanceof Failure ? error.report : error)
    process.exitCode = 1
    return undefined
  }
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
let tarball
step('npm packs what was built', () => {
  tarball = pack()
})
if (tarball) {
  step('the package holds what src holds', () => checkContents(tarball))
  step('publint has nothing to say', () => checkPublint(tarball))
  step('every resolver of ESM finds the types', () => checkTypes(tarball))
  step('knip finds nothing unused', checkKnip)
  step('a strict consumer compiles and runs', () => checkConsumer(tarball, manifest, work))
  step('the public declarations are the golden ones', () => checkApi(manifest, work, update))
}
rmSync(work, { recursive: true, force: true })
