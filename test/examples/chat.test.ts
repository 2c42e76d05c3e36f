import { afterEach, describe, expect, it } from 'vitest'
import { endPrograms, example, inTerminal, Program, randomName } from './program.ts'

/** In any of the six colours that a name can have. */
function isPainted(text: string, name: string): boolean {
  return [31, 32, 33, 34, 35, 36].some((code) => text.includes(`\u001b[${code}m${name}`))
}

let mesh = randomName('chat-')

/** One person at a pipe, when the room has been entered. */
async function enter(name: string, ...options: readonly string[]): Promise<Program> {
  const person = new Program(example('chat', '--mesh', mesh, '--name', name, ...options))
  await person.until('you are in')
  return person
}

/** Two who know of each other. */
async function enterTwo(first: string, second: string): Promise<[Program, Program]> {
  const one = await enter(first)
  const other = await enter(second)
  await one.until(`${second}(#[0-9a-f]{4})? joined`)
  await other.until(`${first}(#[0-9a-f]{4})? is here`)
  return [one, other]
}

afterEach(async () => {
  await endPrograms()
  mesh = randomName('chat-')
})

describe('people in a room', () => {
  it('hear each other and see who joins', async () => {
    const [ada, bob] = await enterTwo('ada', 'bob')
    ada.type('hello\n')
    await bob.until(/^\d\d:\d\d ada: hello$/m)
    bob.type('good morning, Ada ☀\n')
    await ada.until(/^\d\d:\d\d bob: good morning, Ada ☀$/m)
    expect(ada.output).toBe(ada.text)
  })

  it('hear nothing from another room', async () => {
    const [ada, bob] = await enterTwo('ada', 'bob')
    const cleo = await enter('cleo', '--room', 'tea')
    ada.type('lobby\n')
    await bob.until('ada: lobby')
    cleo.type('/who\n')
    await cleo.until('cleo [(]you[)]')
    expect(cleo.text).not.toContain('ada')
  })

  it('understand each other whatever codec each prefers', async () => {
    const ada = await enter('ada', '--codec', 'json')
    const others: Program[] = []
    for (const codec of ['msgpack', 'avro', 'protobuf']) {
      others.push(await enter(codec, '--codec', codec))
      await ada.until(`${codec} joined`)
    }
    ada.type('to all\n')
    await Promise.all(others.map((other) => other.until('ada: to all')))
    others.at(-1)?.type('back\n')
    await Promise.all([ada, ...others].map((person) => person.until('protobuf: back')))
  })

  it('are told apart by a piece of their id when they have one name', async () => {
    const [one, other] = await enterTwo('ada', 'ada')
    one.type('/who\n')
    const own = await one.until(/ada#[0-9a-f]{4} (?=\(you\))/)
    const remote = await one.until(/ada#[0-9a-f]{4} (?=\(pid)/)
    expect(own).not.toBe(remote)
    one.type('it is me\n')
    await other.until(`${own.trim()}: it is me`)
  })

  it('are listed by /who with where they are; a wrong command tells the commands', async () => {
    const [ada, bob] = await enterTwo('ada', 'bob')
    ada.type('/who\n')
    await ada.until('ada [(]you[)]')
    await ada.until(`bob [(]pid ${bob.pid} on [^ ]+, ipc[)]`)
    bob.type('/help\n/dance\n')
    await bob.until('/who: who is here; /help')
    await bob.until('there is no /dance')
  })

  it('cannot send control characters into the terminal of others', async () => {
    const [ada, bob] = await enterTwo('ada', 'bob')
    ada.type('red \u001b[31m bell \u0007 reversed \u202e joined 👩\u200d🚀\n')
    const line = await bob.until(/ada: red .*/)
    expect(line).toBe('ada: red \ufffd[31m bell \ufffd reversed \ufffd joined 👩\u200d🚀')
    expect(bob.output).not.toContain('\u001b')
  })
})

describe('a late joiner', () => {
  it('gets what was said before, in order and once, from those who were there', async () => {
    const [ada, bob] = await enterTwo('ada', 'bob')
    for (const [person, text, other] of [
      [ada, 'one', bob],
      [bob, 'two', ada],
      [ada, 'three', bob],
    ] as const) {
      person.type(`${text}\n`)
      await other.until(`: ${text}`)
    }
    const late = await enter('late')
    await late.until('ada: three')
    // It may have that from bob, before ada knows it.
    await ada.until(/late joined$/m)
    ada.type('four\n')
    await late.until('ada: four')
    const said = late.text.match(/(?<=: ).*/g)
    expect(said).toEqual(['one', 'two', 'three', 'four'])
  })

  it('gets what was said when nobody heard it, and of people who have left', async () => {
    const ada = await enter('ada')
    ada.type('is anybody here?\n')
    await ada.until('nobody is here; it is kept')
    const bob = await enter('bob')
    await bob.until('ada: is anybody here')
    ada.type('/quit\n')
    await bob.until('ada left')
    const late = await enter('late')
    await late.until('ada: is anybody here')
  })
})

describe('who leaves', () => {
  it.each<[string, (person: Program) => void]>([
    ['/quit', (person) => person.type('/quit\n')],
    ['the end of input', (person) => person.endInput()],
    ['SIGTERM', (person) => person.kill('SIGTERM')],
    ['SIGINT', (person) => person.kill('SIGINT')],
  ])('by %s ends with 0 and is told as left at once', async (_, leave) => {
    const [ada, bob] = await enterTwo('ada', 'bob')
    leave(bob)
    await ada.until(/bob left$/m)
    expect(await bob.exited).toBe(0)
    expect(bob.errors).toBe('')
    expect(bob.text).not.toContain('ada left')
  })

  it('by kill -9 is told as left, with how it was noticed', async () => {
    const [ada, bob] = await enterTwo('ada', 'bob')
    bob.kill('SIGKILL')
    await ada.until(/bob left \((the connection is lost|nothing is heard any more)\)/)
  })

  it('has said all that was in the pipe', async () => {
    const ada = await enter('ada')
    const pipe = new Program(example('chat', '--mesh', mesh, '--name', 'cron'))
    pipe.type('first\nsecond\n')
    pipe.endInput()
    await ada.until('cron: first')
    await ada.until('cron: second')
    await ada.until('cron left')
    expect(await pipe.exited).toBe(0)
  })
})

describe('a terminal', () => {
  const person = (env: Readonly<Record<string, string>> = {}) =>
    new Program(inTerminal(example('chat', '--mesh', mesh, '--name', 'eve'), 40), env)

  it('keeps the line that is being typed below what comes in, and Ctrl-C leaves', async () => {
    const ada = await enter('ada')
    const eve = person()
    await eve.until('eve> ')
    await ada.until('eve joined')
    eve.type('half of a line that is longer than forty columns')
    await eve.until('columns')
    ada.type('meanwhile\n')
    await eve.until(/ada: meanwhile\s+eve> half of a line/)
    eve.type(' and the rest\r')
    await ada.until('eve: half of a line that is longer than forty columns and the rest')
    expect(eve.text).not.toContain('eve: half')
    eve.type('\u0003')
    await ada.until('eve left')
    expect(await eve.exited).toBe(0)
  })

  it('paints names unless NO_COLOR is set', async () => {
    const ada = await enter('ada')
    const painted = person()
    const plain = person({ NO_COLOR: '1' })
    await Promise.all([painted, plain].map((eve) => eve.until('ada is here')))
    ada.type('colours\n')
    await Promise.all([painted, plain].map((eve) => eve.until('ada: colours')))
    expect(isPainted(painted.output, 'ada')).toBe(true)
    expect(isPainted(plain.output, 'ada')).toBe(false)
  })
})

describe('a command line that cannot be', () => {
  it.each([
    ['--codec xml', '--codec xml is none of'],
    ['--name \u001b[31m', '--name must be 1 to 40 characters'],
    ['--room ', '--room must be 1 to 40 characters'],
    ['--nmae ada', "'--nmae'"],
  ])('is refused with 2 and one sentence: %j', async (line, sentence) => {
    const chat = new Program(example('chat', ...line.split(' ')))
    expect(await chat.exited).toBe(2)
    expect(chat.errors).toContain(sentence)
    expect(chat.errors.trim().split('\n')).toHaveLength(1)
    expect(chat.output).toBe('')
  })

  it('is explained by --help', async () => {
    const chat = new Program(example('chat', '--help'))
    expect(await chat.exited).toBe(0)
    expect(chat.output).toContain('--codec')
  })
})
