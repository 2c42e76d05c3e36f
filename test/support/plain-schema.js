// The types of contracts in fixtures, as JSON Schema: what `Type` of TypeBox makes, which takes a
// process 0.2 s to load. Never more of it than fixtures need.

const optional = new WeakSet()

export const Type = {
  Boolean: () => ({ type: 'boolean' }),
  Integer: () => ({ type: 'integer' }),
  Number: () => ({ type: 'number' }),
  String: () => ({ type: 'string' }),
  BigInt: () => ({ type: 'bigint' }),
  Optional: (schema) => {
    optional.add(schema)
    return schema
  },
  Object: (properties) => {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name]))
    return { type: 'object', properties, required }
  },
  Record: (_keys, values) => ({ type: 'object', patternProperties: { '^.*$': values } }),
}
