// Owns what a figure means nothing without: the machine, the system, the versions.

import { existsSync, readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly v8: string
  /** Runnable processes, mean of the last minute, before the first measurement. */
  readonly load: number
  readonly packages: Readonly<Record<string, string>>
}

export function describeMachine(packages: readonly string[]): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${systemName()}, ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    packages: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  }
}

/** Lines for a reader. */
export function machineLines(machine: Machine): string[] {
  const versions = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`)
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB memory`,
    `${machine.system}, Node ${machine.node}, V8 ${machine.v8}`,
    versions.join(', '),
    `load of the machine at the start: ${machine.load} (with nothing else running: near 0)`,
  ]
}

function systemName(): string {
  const kernel = `${type()} ${release()}`
  const path = '/etc/os-release'
  if (!existsSync(path)) return kernel
  const name = /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync(path, 'utf8'))?.[1]
  return name ? `${name}, ${kernel}` : kernel
}

/** From the package's own file, beside or above the module that its name leads to. */
function versionOf(name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.resolve(name))); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (existsSync(path)) {
      const found = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string }
      if (found.name === name) return found.version ?? 'unknown'
    }
    if (folder === dirname(folder)) return 'unknown'
  }
}
