// The smallest whole thing: two peers, one contract, a request, its reply and an event.

// #region readme
import { contract, createPeer, event, request } from 'earshot'
import { Type } from 'typebox'

const Greeter = contract('demo.greeter', '1.0.0', {
  hello: request(Type.Object({ name: Type.String() }), Type.Object({ text: Type.String() })),
  greeted: event(Type.Object({ name: Type.String() })),
})

const server = await createPeer({ name: 'server' }) // in one process …
await server.serve(Greeter, { hello: ({ name }) => ({ text: `Hello, ${name}` }) })

const caller = await createPeer({ name: 'caller' }) // … in another, with no address of the first
await server.subscribe(Greeter.greeted, ({ name }) => console.log(`${name} was greeted`))
const { text } = await caller.client(Greeter).hello({ name: 'Ada' }) // typed both ways
await caller.publish(Greeter.greeted, { name: 'Ada' })
console.log(text)
// #endregion

await caller.close()
await server.close()
