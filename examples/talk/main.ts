// Messages both ways with one peer: a clerk who answers each line, and says goodbye at the end.

// #region talk
import { contract, createPeer, duplex } from 'earshot'
import { Type } from 'typebox'

const Line = Type.Object({ text: Type.String() })
const Desk = contract('demo.desk', '1.0.0', { talk: duplex(Line, Line) })

const clerk = await createPeer({ name: 'clerk' })
await clerk.serve(Desk, {
  async *talk(said, { from }) {
    yield { text: `Good morning, ${from.name}` }
    for await (const { text } of said) yield { text: `You said: ${text}` }
    yield { text: 'Goodbye' } // the caller has said all
  },
})

const guest = await createPeer({ name: 'guest' })
const talk = guest.client(Desk).talk()
await talk.ready() // somebody has taken it up, and there is room
for (const text of ['tea', 'two cups']) if (!talk.send({ text })) await talk.ready()
talk.end()
for await (const { text } of talk) console.log(text)
// #endregion

await guest.close()
await clerk.close()
