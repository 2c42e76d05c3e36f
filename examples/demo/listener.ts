// A process that hears of sales. Two of these run: billing and shipping.

import { isDeepStrictEqual } from 'node:util'
import type { CodecName } from 'earshot'
import { Shop, sale } from './contract.ts'
import { open, runMember } from './member.ts'
import { eventPart } from './plan.ts'
import { failed, passed } from './report.ts'

const [, name = 'billing'] = process.argv.slice(2)

await runMember(async () => {
  const peer = await open(name)
  await peer.subscribe(Shop.sold, (heard, { from }) => {
    const part = eventPart(from.name.replace('till-', '') as CodecName, name)
    if (isDeepStrictEqual(heard, sale)) passed(part, name)
    else failed(part, new Error(`${name} heard ${JSON.stringify(heard)}`))
  })
  return [peer]
})
