/**
 * Encodes ONNX models in protobuf's wire format. It covers only the messages of onnx.proto3 that a graph of plain operators needs. Equal
 * graphs give equal bytes.
 */

/** ONNX numbers of element types. */
const ELEMENT = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const
export type Element = keyof typeof ELEMENT

export interface Initializer {
  readonly name: string
  readonly type: Element
  readonly dims: readonly number[]
  /** Little-endian, as in ONNX. */
  readonly data: Uint8Array
}

/** A whole number, a text, or a list of whole numbers. */
export type Attribute = number | string | readonly number[]

export interface OnnxNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, Attribute>>
}

/** A named input or output; a dimension given by name is variable. */
export interface OnnxValue {
  readonly name: string
  readonly type: Element
  readonly dims: readonly (number | string)[]
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly Initializer[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
}

const IR_VERSION = 9
/** Version of the operators; bitwise ones exist since 18. */
const OPSET = 18

export function encodeModel(graph: OnnxGraph): Uint8Array {
  return concat([
    varint(1, IR_VERSION),
    text(2, 'colloquy'),
    bytes(7, encodeGraph(graph)),
    bytes(8, concat([text(1, ''), varint(2, OPSET)])),
  ])
}

/** An initializer of whole numbers; `dims` defaults to their count. */
export const int64s = (name: string, values: readonly number[], dims: readonly number[] = [values.length]): Initializer => ({
  name,
  type: 'int64',
  dims,
  data: bytesOf(BigInt64Array.from(values, BigInt)),
})

/** An initializer of numbers. */
export const floats = (name: string, values: Float32Array, dims: readonly number[] = [values.length]): Initializer => ({
  name,
  type: 'float',
  dims,
  data: bytesOf(values),
})

export const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const encodeGraph = ({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Uint8Array =>
  concat([
    ...nodes.map((node) => bytes(1, encodeNode(node))),
    text(2, name),
    ...initializers.map((initializer) => bytes(5, encodeTensor(initializer))),
    ...inputs.map((value) => bytes(11, encodeValue(value))),
    ...outputs.map((value) => bytes(12, encodeValue(value))),
  ])

const encodeNode = ({ op, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array =>
  concat([
    ...inputs.map((input) => text(1, input)),
    ...outputs.map((output) => text(2, output)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, encodeAttribute(name, value))),
  ])

/** ONNX numbers of attribute types. */
const INT = 2
const STRING = 3
const INTS = 7

function encodeAttribute(name: string, value: Attribute): Uint8Array {
  if (typeof value === 'number') return concat([text(1, name), varint(3, value), varint(20, INT)])
  if (typeof value === 'string') return concat([text(1, name), text(4, value), varint(20, STRING)])
  return concat([text(1, name), ...value.map((one) => varint(8, one)), varint(20, INTS)])
}

const encodeTensor = ({ name, type, dims, data }: Initializer): Uint8Array =>
  concat([...dims.map((dim) => varint(1, dim)), varint(2, ELEMENT[type]), text(8, name), bytes(9, data)])

function encodeValue({ name, type, dims }: OnnxValue): Uint8Array {
  const shape = dims.map((dim) => bytes(1, typeof dim === 'number' ? varint(1, dim) : text(2, dim)))
  return concat([text(1, name), bytes(2, bytes(1, concat([varint(1, ELEMENT[type]), bytes(2, concat(shape))])))])
}

const VARINT = 0
const LENGTH_DELIMITED = 2

const varint = (field: number, value: number): Uint8Array => Uint8Array.from([...digits(field * 8 + VARINT), ...digits(value)])

const bytes = (field: number, value: Uint8Array): Uint8Array =>
  concat([Uint8Array.from([...digits(field * 8 + LENGTH_DELIMITED), ...digits(value.length)]), value])

const text = (field: number, value: string): Uint8Array => bytes(field, new TextEncoder().encode(value))

/** Encodes a number in groups of seven bits, the least significant first. A negative number becomes a 64-bit two's complement. */
function digits(value: number): number[] {
  const result: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 127n) {
    result.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  result.push(Number(rest))
  return result
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
