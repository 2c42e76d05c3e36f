// Owns how memory of a role is taken: what the system says the process holds.

export function rssMiB(): number {
  return Math.round((process.memoryUsage.rss() / 2 ** 20) * 10) / 10
}
