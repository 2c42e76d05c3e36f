// An order that takes its time: asked for now, fetched later, also by another part of the program.

// #region later
import { contract, createPeer, request } from 'earshot'
import { Type } from 'typebox'

const Workshop = contract('demo.workshop', '1.0.0', {
  build: request(Type.Object({ what: Type.String() }), Type.Object({ number: Type.Integer() }), {
    errors: { NoWood: Type.Object({ missing: Type.Integer() }) },
  }),
})

const joiner = await createPeer({ name: 'joiner' })
const drying: (() => void)[] = []
await joiner.serve(Workshop, {
  build({ what }, context) {
    const answer = context.defer() // given later, from elsewhere: nobody's call stands open
    drying.push(() => {
      if (what === 'ark') answer.reject(context.error('NoWood', { missing: 4_000 }))
      else answer.resolve({ number: 7 })
    })
    return answer
  },
})

const buyer = await createPeer({ name: 'buyer' })
const { build } = buyer.client(Workshop)
const table = build.later({ what: 'table' }, { timeoutMs: 30_000 })
const ark = build.later({ what: 'ark' })
await table.taken() // the joiner has it: a cut link loses neither question nor answer
await ark.taken()
const saved = JSON.stringify(table)
console.log(`the table is ${table.state}`)
for (const finish of drying) finish()

const fetched = build.claim(saved) // by the record, wherever that was kept
console.log(`the table has number ${(await fetched.answer()).number}`)
const { name, data } = await ark.answer().catch((error) => error)
console.log(`the ark: ${name}, ${data.missing} planks`)
// #endregion

await buyer.close()
await joiner.close()
