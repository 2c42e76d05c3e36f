import {fromAvro} from './dist/src/contract/from-avro.js'
import avsc from 'avsc'
import {formats} from './dist/src/codec/formats.js'
import {defaultLimits} from './dist/src/base/limits.js'
import {avroSchemaOf} from './dist/src/contract/to-avro.js'
import {protoOf} from './dist/src/contract/to-proto.js'
import {canonicalShape} from './dist/src/contract/canonical.js'
import {toTypeScript} from './dist/src/contract/to-typescript.js'
import {compat} from './dist/src/contract/compat.js'
const room = Buffer.alloc(1<<20)
const tests = [
 [{type:'record',name:'Node',fields:[{name:'v',type:['int','string','null']},{name:'next',type:['null','Node'],default:null},{name:'kids',type:{type:'array',items:'Node'},default:[]}]},
  {v:{kind:'int',value:3}, kids:[{v:{kind:'string',value:'x'},kids:[]}]}, {v:{int:3},next:null,kids:[{v:{string:'x'},next:null,kids:[]}]}],
 [{type:'record',name:'Tree',fields:[{name:'left',type:[{type:'record',name:'Leaf',fields:[{name:'n',type:'int'}]},'Tree']},{name:'right',type:['Leaf','Tree']},{name:'h',type:{type:'fixed',name:'MD5',size:4}},{name:'hs',type:['null','MD5','string'],default:null},{name:'l',type:{type:'array',items:['null','string']}}]},
  {left:{kind:'Leaf',n:1}, right:{kind:'Tree',left:{kind:'Leaf',n:1},right:{kind:'Leaf',n:2},h:new Uint8Array(4),l:[]},h:new Uint8Array([1,2,3,4]),hs:{kind:'MD5',value:new Uint8Array(4)},l:[{kind:'null'},{kind:'string',value:'q'}]},
  {left:{Leaf:{n:1}}, right:{Tree:{left:{Leaf:{n:1}},right:{Leaf:{n:2}},h:Buffer.alloc(4),hs:null,l:[]}},h:Buffer.from([1,2,3,4]),hs:{MD5:Buffer.alloc(4)},l:[null,{string:'q'}]}],
]
for (const [schema, v, theirs] of tests) {
  const shape = fromAvro(schema)
  const type = avsc.Type.forSchema(schema,{wrapUnions:true})
  for (const f of formats) { const c=f.compile(shape, defaultLimits); const e=c.encodeInto(v,room,0); console.log(f.codec,e,JSON.stringify(c.decode(room,0,e))===JSON.stringify(v)||JSON.stringify(c.decode(room,0,e)));
   if (f.codec==='avro') console.log(room.subarray(0,e).equals(type.toBuffer(theirs))) }
  const back = avroSchemaOf(shape)
  console.log(JSON.stringify(back)); avsc.Type.forSchema(back,{wrapUnions:true})
  console.log(canonicalShape(fromAvro(back))===canonicalShape(shape) || canonicalShape(fromAvro(back))+'\n'+canonicalShape(shape))
  console.log(toTypeScript({X:shape})); console.log(protoOf(shape))
}
