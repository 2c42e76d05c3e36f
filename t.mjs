import {Type} from 'typebox'
import {shapeOf} from './dist/src/contract/from-typebox.js'
import {formats} from './dist/src/codec/formats.js'
import {defaultLimits} from './dist/src/base/limits.js'
import {avroSchemaOf} from './dist/src/contract/to-avro.js'
import {protoOf} from './dist/src/contract/to-proto.js'
import {toJsonSchema} from './dist/src/contract/to-json-schema.js'
import {toTypeScript} from './dist/src/contract/to-typescript.js'
import {canonicalShape} from './dist/src/contract/canonical.js'
import {compat} from './dist/src/contract/compat.js'
const Expr = Type.Cyclic({Expr: Type.Union([Type.Ref('Lit'), Type.Ref('Neg'), Type.Ref('Add')]), Lit: Type.Object({kind: Type.Literal('lit'), n: Type.Number()}), Neg: Type.Object({kind: Type.Literal('neg'), e: Type.Ref('Expr')}), Add: Type.Object({kind: Type.Literal('add'), l: Type.Ref('Expr'), r: Type.Optional(Type.Ref('Expr'))})}, 'Expr')
const Node = Type.Cyclic({Node: Type.Object({v: Type.Integer(), kids: Type.Array(Type.Ref('Node')), m: Type.Optional(Type.Record(Type.String(), Type.Ref('Node')))})}, 'Node')
const AB = Type.Cyclic({A: Type.Object({b: Type.Optional(Type.Ref('B'))}), B: Type.Object({a: Type.Optional(Type.Ref('A')), x: Type.Optional(Type.Union([Type.Ref('B'), Type.Null()]))})}, 'A')
const T = Type.Object({o: Type.Optional(Type.Object({value: Type.Integer(), next: Type.Optional(Type.This())})), e: Expr, n: Node, ab: AB})
const room = Buffer.alloc(1<<20)
const vals = [[Expr, {kind:'add', l:{kind:'neg', e:{kind:'lit', n:1.5}}, r:{kind:'lit', n:2}}],[Node,{v:1,kids:[{v:2,kids:[]},{v:3,kids:[{v:5,kids:[], m:{x:{v:9,kids:[]}}}]}]}],[AB,{b:{a:{b:{x:{}}}}}],
 [T, {o:{value:1,next:{value:2}}, e:{kind:'lit',n:1}, n:{v:1,kids:[]}, ab:{}}]]
for (const [t,v] of vals) {
  const shape = shapeOf(t,'Body')
  console.log(canonicalShape(shape).length)
  for (const f of formats) { const c=f.compile(shape, defaultLimits); const e=c.encodeInto(v,room,0); console.log(f.codec,e, JSON.stringify(c.decode(room,0,e))===JSON.stringify(v)||JSON.stringify(c.decode(room,0,e))) }
  console.log(JSON.stringify(avroSchemaOf(shape))); console.log(protoOf(shape)); 
  const js = toJsonSchema(shape)
  console.log(canonicalShape(shapeOf(JSON.parse(JSON.stringify(js)),'Other'))===canonicalShape(shape) || JSON.stringify(js));
  console.log(toTypeScript({X:shape}))
  console.log(compat(shape, shapeOf(t,'Body')).verdict)
}
