import {
  type Attribute,
  bytesOf,
  type Element,
  floats,
  type Initializer,
  int64s,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
} from './onnx.ts'

/** Builds a graph of operators. Each value has a name: `v0`, `v1`… */
export interface GraphBuilder {
  /** Adds an operator. @returns the name of its output */
  op(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string
  /** Adds an operator with several outputs. @returns the names of the outputs */
  ops(op: string, inputs: readonly string[], outputs: number, attributes?: Readonly<Record<string, Attribute>>): string[]
  /** Adds a constant, or reuses an equal one. */
  int(value: number): string
  ints(values: readonly number[]): string
  float(value: number): string
  tensor(type: Element, dims: readonly number[], data: ArrayBufferView): string
  input(value: OnnxValue): string
  /** Makes a value an output of the graph. */
  output(from: string, value: OnnxValue): void
  build(name: string): OnnxGraph
}

export function createGraphBuilder(): GraphBuilder {
  const nodes: OnnxNode[] = []
  const inputs: OnnxValue[] = []
  const outputs: OnnxValue[] = []
  const initializers = new Map<string, Initializer>()
  let named = 0
  const fresh = (): string => `v${named++}`
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
