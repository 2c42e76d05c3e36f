// The process that serves: requests and notifications, in whatever codec the caller speaks.

import { Shop } from './contract.ts'
import { open, runMember } from './member.ts'
import { passed } from './report.ts'

await runMember(async () => {
  const peer = await open('stock')
  await peer.serve(Shop, {
    reserve: ({ id, lines }) => ({
      orderId: id,
      total: lines.reduce((sum, { count, price }) => sum + count * price, 0),
      items: lines.reduce((sum, { count }) => sum + count, 0),
      state: 'reserved',
    }),
    release: ({ orderId, reason }, { from }) => {
      const codec = from.name.replace('till-', '')
      passed(`${codec} notification`, `stock heard that ${orderId} is ${reason}`)
    },
  })
  return [peer]
})
