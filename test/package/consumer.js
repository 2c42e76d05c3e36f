// Owns the consumer: a project outside the repository that has the tarball and nothing of ours.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './run.js'

/**
 * Installs the tarball, type-checks a program against it, libraries included, and runs it.
 * @param {string} tarball
 * @param {{ devDependencies: Record<string, string> }} manifest
 * @param {string} work
 */
export function checkConsumer(tarball, manifest, work) {
  const project = join(work, 'consumer')
  mkdirSync(project)
  cpSync(join(root, 'test', 'package', 'consumer'), project, { recursive: true })
  const { typescript, '@types/node': nodeTypes } = manifest.devDependencies
  const own = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: { earshot: `file:${tarball}` },
    devDependencies: { typescript, '@types/node': nodeTypes },
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify(own, null, 2))
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd: project,
    remedy: 'let `npm install` of the packed package pass: look at its dependencies',
  })
  run(join(project, 'node_modules', '.bin', 'tsc'), ['-p', '.'], {
    cwd: project,
    remedy: 'a user would see this: correct the declarations, or test/package/consumer/main.ts',
  })
  const { stdout } = run(process.execPath, ['out/main.js'], {
    cwd: project,
    remedy: 'a user would see this: correct what the entry does, or test/package/consumer/main.ts',
  })
  return stdout.trim().split('\n').at(-1) ?? ''
}
