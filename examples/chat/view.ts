// What the chat shows of a room. Whatever comes from others is made harmless first.

import type { RemotePeer } from 'earshot'
import { cleanText } from './clean-text.ts'
import type { Line } from './contract.ts'
import { People, type Person } from './people.ts'
import type { News } from './room.ts'
import type { Terminal } from './terminal.ts'

const commands = '/who: who is here; /help: this; /quit: leave; all else is said to the room'

export class View {
  readonly #terminal: Terminal
  readonly #self: Person
  readonly #people = new People()

  constructor(terminal: Terminal, self: Person) {
    this.#terminal = terminal
    this.#self = self
    this.#people.meet(self)
  }

  get prompt(): string {
    return `${this.#people.label(this.#self)}> `
  }

  show(news: News): void {
    if (news.type === 'line') this.#line(news.line)
    else {
      const what = { here: 'is here', joined: 'joined', left: 'left' }[news.type]
      this.note(`${this.#people.label(news.peer)} ${what}${news.how && ` (${news.how})`}`)
    }
  }

  tellWho(others: readonly RemotePeer[]): void {
    this.note(`${this.#people.label(this.#self)} (you)`)
    for (const peer of others) {
      const where = `pid ${peer.pid} on ${cleanText(peer.host)}, ${peer.transport}`
      this.note(`${this.#people.label(peer)} (${where})`)
    }
  }

  tellCommands(asked: string): void {
    this.note(asked === '/help' ? commands : `there is no ${cleanText(asked)}; ${commands}`)
  }

  note(text: string): void {
    this.#terminal.print(this.#terminal.paintNote(`* ${text}`))
  }

  #line({ at, text, peerId: id, name }: Line): void {
    // A terminal shows what is typed in it.
    if (this.#terminal.isInteractive && id === this.#self.id) return
    const time = new Date(at).toTimeString().slice(0, 'hh:mm'.length)
    const who = this.#terminal.paintName(this.#people.label({ id, name }))
    this.#terminal.print(`${this.#terminal.paintNote(time)} ${who}: ${cleanText(text)}`)
  }
}
