/** Numbers of 32 bits as brain floats: their upper halves, rounded to even, in the order of bytes that ClickHouse has. Infinite ones and those that are none do not occur in vectors. */
export function brainFloats(vector: Float32Array): Buffer {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length)
  const bytes = Buffer.alloc(vector.length * 2)
  for (const [index, value] of bits.entries()) bytes.writeUInt16LE((value + 0x7fff + ((value >>> 16) & 1)) >>> 16, index * 2)
  return bytes
}
