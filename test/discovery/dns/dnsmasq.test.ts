// Owns the tests of the DNS provider with a real DNS server, dnsmasq, on loopback.
// They need the program, and say so where it is missing.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dns } from '../../../src/discovery/dns/dns.ts'
import { systemResolver } from '../../../src/discovery/dns/lookup.ts'
import { until } from '../../support/peers.ts'
import { Watch } from '../support.ts'

const isAble = spawnSync('dnsmasq', ['--version']).error === undefined
if (!isAble) console.warn('skipped: tests with a real DNS server need dnsmasq (dnsmasq-base)')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

describe.skipIf(!isAble)('the provider for DNS with dnsmasq', () => {
  let folder: string
  let port: number
  let daemon: ChildProcess
  let watches: Watch[] = []
  const watch = (name: string, inboxPort?: number) => {
    const options = { servers: [`127.0.0.1:${port}`], search: [] }
    const provider = dns(name, { ...options, ...(inboxPort && { port: inboxPort }) })
    const watching = new Watch((signal) => provider.watch('shop', { signal }))
    watches.push(watching)
    return watching
  }
  const hosts = (lines: readonly string[]) => {
    writeFileSync(join(folder, 'hosts'), `${lines.join('\n')}\n`)
    daemon?.kill('SIGHUP')
  }
  const start = async (args: readonly string[] = []) => {
    const basics = ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts']
    const place = [`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces']
    const answers = ['--local=/svc/', '--local-ttl=1', `--addn-hosts=${join(folder, 'hosts')}`]
    const rest = ['--user=', '--group=', `--pid-file=${join(folder, 'pid')}`, ...args]
    daemon = spawn('dnsmasq', [...basics, ...place, ...answers, ...rest], { stdio: 'inherit' })
    const { addresses } = systemResolver([`127.0.0.1:${port}`])
    // By time: on a busy machine it is refused two hundred times before dnsmasq listens.
    await until('dnsmasq answers', async () => {
      const code = await addresses('up.svc', 4).then(() => '', String)
      return code.includes('ENOTFOUND') || code === ''
    })
  }
  const srv = (pod: string) => `--srv-host=_earshot._tcp.orders.svc,${pod}.orders.svc,4711`

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'es-dns-'))
    port = await freePort()
  })
  afterEach(async () => {
    await Promise.all(watches.map((watching) => watching.stop()))
    watches = []
    daemon.kill('SIGKILL')
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })

  it('finds the addresses of a headless service, sees pods come, go, and all vanish', async () => {
    hosts(['10.0.0.7 orders.svc', '10.0.0.8 orders.svc'])
    await start()
    const watching = watch('orders.svc', 4_711)
    const first = await watching.through('synced')
    expect(first.filter(({ type }) => type === 'up')).toHaveLength(2)
    hosts(['10.0.0.8 orders.svc', '10.0.0.9 orders.svc'])
    await watching.until('down', ({ id }) => id === '?tcp://10.0.0.7:4711')
    await watching.until('up', ({ peer }) => peer.id === '?tcp://10.0.0.9:4711')
    hosts(['10.0.0.1 other.svc'])
    await watching.until('down', ({ reason }) => reason === 'withdrawn')
    await watching.until('down')
  })

  it('finds the pods that SRV names, 80 of them by TCP', async () => {
    const pods = Array.from({ length: 80 }, (_, i) => `orders-${i}`)
    hosts(pods.map((pod, i) => `10.0.1.${i} ${pod}.orders.svc`))
    await start(pods.map(srv))
    const events = await watch('orders.svc').through('synced')
    expect(events.filter(({ type }) => type === 'up')).toHaveLength(80)
  })

  it('keeps the view of a server that is killed, and goes on when it is back', async () => {
    hosts(['10.0.0.7 orders.svc'])
    await start()
    const watching = watch('orders.svc', 4_711)
    await watching.until('synced')
    daemon.kill('SIGKILL')
    await once(daemon, 'exit')
    const { error } = await watching.until('fault')
    expect(error).toMatchObject({ code: 'EARSHOT_DISCOVERY', data: { errno: 'ECONNREFUSED' } })
    expect(watching.seen).toEqual([])
    hosts(['10.0.0.8 orders.svc'])
    await start()
    const events = await watching.through('up')
    expect(events.map(({ type }) => type).sort()).toEqual(['down', 'up'])
  })
})
