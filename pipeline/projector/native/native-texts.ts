const SIZE_MIN = 256
const COUNT_BYTES_MAX = 5
/** For texts of up to this many characters, a loop in JavaScript is faster than `Buffer.write`. */
const SHORT_CHARS_MAX = 40
/** A text of up to this many characters has at most 127 bytes of UTF-8, so that its length fits in one byte. */
const ONE_BYTE_CHARS_MAX = 42

/** A growing buffer of texts as ClickHouse's binary formats have them: the length in bytes, then the UTF-8 bytes. */
export class Texts {
  #bytes = Buffer.allocUnsafe(SIZE_MIN)
  #length = 0

  /** The bytes written so far; valid until the next push. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Writes a count alone, as LEB128. */
  pushCount(count: number): void {
    this.#reserve(COUNT_BYTES_MAX)
    let left = count
    for (; left >= 0x80; left >>>= 7) this.#bytes[this.#length++] = (left & 0x7f) | 0x80
    this.#bytes[this.#length++] = left
  }

  /** Writes a text after its length. */
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
    const start = this.#length + 1
    const size = this.#writeAscii(text, start) ? length : this.#bytes.write(text, start)
    this.#bytes[start - 1] = size
    this.#length = start + size
  }

  /** Writes a short ASCII text. Returns false, and leaves the bytes undefined, if the text is longer or not all ASCII. */
  #writeAscii(text: string, start: number): boolean {
    const { length } = text
    if (length > SHORT_CHARS_MAX) return false
    const bytes = this.#bytes
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) return false
      bytes[start + at] = code
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
