// Pages of a site: types that contain themselves, bytes of one length, a union of scalars.

import { Bytes, contract, event, request } from 'earshot'
import { Type } from 'typebox'
import lock from './pages.lock.json' with { type: 'json' }

/** A part of a page: text, or more parts. */
const Part = Type.Cyclic(
  {
    Part: Type.Union([
      Type.Object({ kind: Type.Literal('text'), text: Type.String() }, { name: 'Text' }),
      Type.Object(
        { kind: Type.Literal('box'), parts: Type.Array(Type.Ref('Part')) },
        { name: 'Box' },
      ),
    ]),
  },
  'Part',
)

/** `bare`: in Avro a union of long and string, as other schemas write it. */
const Setting = Type.Union(
  [
    Type.Object({ kind: Type.Literal('number'), value: Type.Integer() }, { bare: true }),
    Type.Object({ kind: Type.Literal('text'), value: Type.String() }, { bare: true }),
  ],
  { name: 'Setting' },
)

const Page = Type.Object(
  {
    id: Bytes({ length: 16, name: 'PageId' }),
    parts: Type.Array(Part),
    settings: Type.Record(Type.String(), Setting),
  },
  { name: 'Page' },
)

/** A page with all below it. */
const Site = Type.Cyclic(
  { Site: Type.Object({ page: Page, below: Type.Array(Type.Ref('Site')) }) },
  'Site',
)

export const Pages = contract(
  'site.pages',
  '1.0.0',
  {
    load: request(Type.Object({ id: Bytes({ length: 16, name: 'PageId' }) }), Site),
    changed: event(Page),
  },
  { lock },
)
