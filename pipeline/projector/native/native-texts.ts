const SIZE_MIN = 256
const COUNT_BYTES_MAX = 5
/** Up to this many characters a loop is faster than a call out of JavaScript. */
const SHORT_CHARS_MAX = 40
/** A text so short takes at most 127 bytes of UTF-8, whose number takes one byte. */
const ONE_BYTE_CHARS_MAX = 42

/** Texts that grow in number, each after its length in bytes, as ClickHouse's binary formats have them. */
export class Texts {
  #bytes = Buffer.allocUnsafe(SIZE_MIN)
  #length = 0

  /** What was written; valid until more is. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** A length alone, or another count: LEB128. */
  pushCount(count: number): void {
    this.#reserve(COUNT_BYTES_MAX)
    let left = count
    for (; left >= 0x80; left >>>= 7) this.#bytes[this.#length++] = (left & 0x7f) | 0x80
    this.#bytes[this.#length++] = left
  }

  push(text: string): void {
    const { length } = text
    if (length > ONE_BYTE_CHARS_MAX) {
      const size = Buffer.byteLength(text)
      this.pushCount(size)
      this.#reserve(size)
      this.#length += this.#bytes.write(text, this.#length)
      return
    }
    this.#reserve(1 + length * 3)
    const begin = this.#length + 1
    const size = this.#writeAscii(text, begin) ? length : this.#bytes.write(text, begin)
    this.#bytes[begin - 1] = size
    this.#length = begin + size
  }

  /** False where it is longer, or not all ASCII. */
  #writeAscii(text: string, begin: number): boolean {
    const { length } = text
    if (length > SHORT_CHARS_MAX) return false
    const bytes = this.#bytes
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) return false
      bytes[begin + at] = code
    }
    return true
  }

  #reserve(size: number): void {
    const wanted = this.#length + size
    if (wanted <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(wanted, this.#bytes.length * 2))
    grown.set(this.written)
    this.#bytes = grown
  }
}
