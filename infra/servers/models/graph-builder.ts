import { bytesOf, floats, int64s, type Attribute, type Element, type Initializer, type OnnxGraph, type OnnxNode, type OnnxValue } from './onnx.ts'

/** Puts a graph together value by value. A value is known by its name, which is given out in order. */
export interface GraphBuilder {
  /** The output of an operator. */
  op(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string
  /** The outputs of an operator that has several. */
  ops(op: string, inputs: readonly string[], outputs: number, attributes?: Readonly<Record<string, Attribute>>): string[]
  /** Constants; equal scalars are one. */
  int(value: number): string
  ints(values: readonly number[]): string
  float(value: number): string
  tensor(type: Element, dims: readonly number[], data: ArrayBufferView): string
  input(value: OnnxValue): string
  /** Gives a value the name that it has outside. */
  output(from: string, value: OnnxValue): void
  build(name: string): OnnxGraph
}

export function createGraphBuilder(): GraphBuilder {
  const nodes: OnnxNode[] = []
  const inputs: OnnxValue[] = []
  const outputs: OnnxValue[] = []
  const initializers = new Map<string, Initializer>()
  let given = 0
  const fresh = (): string => `v${given++}`
  const constant = (make: (name: string) => Initializer, name: string): string => {
    if (!initializers.has(name)) initializers.set(name, make(name))
    return name
  }
  const ops: GraphBuilder['ops'] = (op, from, count, attributes) => {
    const names = Array.from({ length: count }, fresh)
    nodes.push({ op, inputs: from, outputs: names, ...(attributes === undefined ? {} : { attributes }) })
    return names
  }
  return {
    ops,
    op: (op, from, attributes) => ops(op, from, 1, attributes)[0] ?? '',
    int: (value) => constant((name) => int64s(name, [value], []), `int ${value}`),
    ints: (values) => constant((name) => int64s(name, values), `ints ${values.join(' ')}`),
    float: (value) => constant((name) => floats(name, Float32Array.of(value), []), `float ${value}`),
    tensor: (type, dims, data) => constant((name) => ({ name, type, dims, data: bytesOf(data) }), fresh()),
    input(value) {
      inputs.push(value)
      return value.name
    },
    output(from, value) {
      nodes.push({ op: 'Identity', inputs: [from], outputs: [value.name] })
      outputs.push(value)
    },
    build: (name) => ({ name, nodes, inputs, outputs, initializers: [...initializers.values()] }),
  }
}
