// `npm run chat -- --name ada --room tea`: a chat for two terminals or more, without a server.
// The others are found by themselves; `--help` tells the rest.

import { isEarshotError } from 'earshot'
import { type ChatOptions, readOptions, usage } from './options.ts'
import { openRoom, type Room } from './room.ts'
import { Terminal } from './terminal.ts'
import { View } from './view.ts'

/** Does what one line says. False: leave. */
async function obey(line: string, room: Room, view: View): Promise<boolean> {
  const text = line.trim()
  if (text === '/quit') return false
  if (text === '/who') view.tellWho(room.who())
  else if (text.startsWith('/')) view.tellCommands(text)
  else if (text !== '') await say(text, room, view)
  return true
}

async function say(text: string, room: Room, view: View): Promise<void> {
  try {
    if (!(await room.say(text))) view.note('nobody is here; it is kept for those who come')
  } catch (error) {
    if (!isEarshotError(error)) throw error
    view.note(`not said: ${error.message}`)
  }
}

async function chat(options: ChatOptions): Promise<void> {
  const leaving = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => leaving.abort())
  }
  process.stdout.on('error', () => leaving.abort())
  const room = await openRoom(options)
  const terminal = new Terminal()
  const view = new View(terminal, room.peer)
  view.note(`you are in ${options.room}; /help tells the commands`)
  await room.enter((news) => view.show(news))
  for await (const line of terminal.read(view.prompt, leaving.signal)) {
    if (!(await obey(line, room, view))) break
    terminal.prompt(view.prompt)
  }
  terminal.close()
  await room.leave()
}

/** One sentence instead of a stack. */
function refuse(error: Error, exitCode: number): never {
  // Of what Node says of a wrong option, the first sentence is about the mistake.
  console.error(`chat: ${error.message.split('. ')[0]}`)
  process.exit(exitCode)
}

function readOptionsOrExit(): ChatOptions {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    return refuse(error as Error, 2)
  }
}

const options = readOptionsOrExit()
if (options.help) console.log(usage)
else await chat(options).catch((error: Error) => refuse(error, 1))
