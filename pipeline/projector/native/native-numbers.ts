const HIGH = 0x1_0000_0000

/**
 * Numbers as ClickHouse's binary formats have them: little-endian, which is the memory format of every machine that it runs on.
 * They are gathered in plain arrays, which grow fastest, and written at once.
 */
export type Encoding = (values: readonly number[]) => Uint8Array

const bytesIn = ({ buffer }: { buffer: ArrayBuffer }): Uint8Array => new Uint8Array(buffer)

export const bytesOf8: Encoding = (values) => bytesIn(new Uint8Array(values))
export const bytesOf16: Encoding = (values) => bytesIn(new Uint16Array(values))
export const bytesOf32: Encoding = (values) => bytesIn(new Uint32Array(values))
export const bytesOfFloats: Encoding = (values) => bytesIn(new Float64Array(values))

/** Whole numbers of 64 bits, signed or not, that JavaScript holds exactly. */
export const bytesOf64: Encoding = (values) => {
  const halves = new Int32Array(values.length * 2)
  let at = 0
  for (const value of values) {
    halves[at++] = value
    halves[at++] = Math.floor(value / HIGH)
  }
  return bytesIn(halves)
}
