// `earshot peers` against real peers in other processes.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../support/peers.ts'
import { startVersioned } from '../support/processes.ts'
import { earshot, endAll, type Running, randomMesh, startCli, startShop } from './support.ts'

const mesh = randomMesh()
let orders: Running & { id: string }
let odd: Running & { id: string }

beforeAll(async () => {
  ;[orders, odd] = await Promise.all([
    startShop({ name: 'orders', mesh, does: ['serve', 'publish'] }),
    startShop({ name: 'odd', mesh, does: ['stock'], title: `\u001b[2Jodd-${'long-'.repeat(18)}` }),
  ])
})
afterAll(endAll)

describe('earshot peers', () => {
  it('lists who is up and what they offer, in lines of 80 characters', async () => {
    const { code, stdout, stderr } = await earshot(['peers', '--mesh', mesh, '--wait', '4000'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toContain(`2 peers in mesh "${mesh}"`)
    expect(stdout).toMatch(/NAME +ID +HOST +PID +LINK +VIA +FOUND/)
    const { id, child } = orders
    expect(stdout).toMatch(
      new RegExp(`orders +${id.slice(0, 8)} .* ${child.pid} +ipc +\\S*dir.* ms`),
    )
    expect(stdout).toMatch(/shop\.orders 1\.2\.0\n {4}request: place, echo/)
    expect(stdout).toMatch(/ {4}event: placed/)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('shows the control characters in the name of a peer instead of obeying them', async () => {
    const { stdout } = await earshot(['peers', '--mesh', mesh, '--wait', '4000'])
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain('\\u001b[2Jodd-long')
    expect(stdout).toContain(odd.id.slice(0, 8))
  })

  it('says with --why who told of a peer, how it is linked and how far it is', async () => {
    const words = ['peers', '--why', '--mesh', mesh, '--wait', '4000']
    const { stdout } = await earshot(words)
    expect(stdout).toMatch(/ {4}found: +told by .*dir/)
    expect(stdout).toMatch(/ {4}link: +ipc, (?:we dialled\s+ipc:|it dialled us)/)
    if (stdout.includes('we dialled')) {
      expect(stdout).toMatch(/ {4}tried: +ipc:\S+: linked\s+after\s+[\d.]+ ms\s+\(in use\)/)
    }
    expect(stdout).toMatch(/ {4}door: +[\d.]+ ms, connect included/)
    for (const line of stdout.split('\n')) {
      if (!line.includes('ipc://')) expect(line.length).toBeLessThanOrEqual(80)
    }
    const { peers } = JSON.parse((await earshot([...words, '--json'])).stdout)
    expect(peers[0].why).toMatchObject({ transport: 'ipc', failure: '' })
    expect(peers[0].why.inbox.length).toBeGreaterThan(0)
    expect(peers[0].why.tried.length > 0).toBe(peers[0].why.dialledBy === 'us')
    expect(peers[0].why.codecs).toContain('json')
  })

  it('prints one document with --json', async () => {
    const { code, stdout } = await earshot(['peers', '--mesh', mesh, '--json', '--wait', '4000'])
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(1)
    const { peers } = JSON.parse(stdout)
    expect(peers).toHaveLength(2)
    const found = peers.find(({ name }: { name: string }) => name === 'orders')
    expect(found).toMatchObject({ id: orders.id, pid: orders.child.pid, transport: 'ipc' })
    expect(found.contracts[0]).toMatchObject({ name: 'shop.orders', version: '1.2.0' })
    const [first] = found.contracts[0].channels
    expect(first).toMatchObject({ name: 'place', kind: 'request', served: true })
  })

  it('tells which versions do not go together, of both sides', async () => {
    const apart = randomMesh()
    await Promise.all([
      startVersioned(apart, 'mine', { serves: [], uses: '1.2.0' }),
      startVersioned(apart, 'theirs', { serves: ['1.9.0'], uses: '1.9.0' }),
    ])
    const words = ['peers', '--mesh', apart, '--wait', '4000']
    let stdout = ''
    await until('both tell', async () => {
      stdout = (await earshot(words)).stdout
      return stdout.includes('at mine') && stdout.includes('at theirs')
    })
    const flat = stdout.replaceAll(/\n {4}/g, ' ')
    expect(flat).toContain(
      '! test.orders/1/place 1.2.0 does not go with 1.9.0 at theirs: /body/count',
    )
    expect(flat).toContain(
      '! test.orders/1/place 1.9.0 does not go with 1.2.0 at mine: /body/count',
    )
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    let mine: { mismatches: unknown[] } | undefined
    await until('it is found again', async () => {
      const { peers } = JSON.parse((await earshot([...words, '--json'])).stdout)
      mine = peers.find(({ name }: { name: string }) => name === 'mine')
      return mine !== undefined
    })
    expect(mine?.mismatches).toContainEqual(
      expect.objectContaining({ with: 'theirs', ours: '1.2.0', theirs: '1.9.0' }),
    )
  })

  it('takes the mesh from EARSHOT_MESH', async () => {
    const { code, stdout } = await startCli(['peers'], { EARSHOT_MESH: mesh }).end()
    expect(code).toBe(0)
    expect(stdout).toContain(`in mesh "${mesh}"`)
  })

  it('ends with 3 and says what to do when nobody is heard', async () => {
    const nowhere = randomMesh()
    const words = ['peers', '--mesh', nowhere, '--wait', '50']
    const [plain, json] = await Promise.all([earshot(words), earshot([...words, '--json'])])
    expect(plain.code).toBe(3)
    expect(plain.stdout).toBe('')
    expect(plain.stderr).toMatch(
      /^earshot: no peer was heard in mesh "cli-.*" within 50 ms\nnext: /,
    )
    expect(plain.stderr).toContain('--wait')
    expect(json.code).toBe(3)
    expect(JSON.parse(json.stdout)).toEqual({ mesh: nowhere, peers: [] })
  })

  it('sees a mesh with a secret only with that secret in the environment', async () => {
    const hidden = randomMesh()
    const secret = 'a secret of some length'
    await startShop({ name: 'orders', mesh: hidden, does: ['serve'], secret })
    const ask = (words: string[], env: NodeJS.ProcessEnv) => {
      const command = startCli([...words, '--mesh', hidden], env)
      command.child.stdin?.end()
      return command.end()
    }
    const blind = await ask(['peers', '--wait', '500'], {})
    expect(blind.code).toBe(3)
    const env = { EARSHOT_SECRET: secret }
    const call = ['call', 'shop.orders/place', '{"sku":"x","n":1}', '--wait', '5000']
    const { code, stdout, stderr } = await ask(call, env)
    expect(stderr).toBe('')
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { ok: true, id: 2 }])
  })
})
