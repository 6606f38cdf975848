import { analyse } from 'chardet'
import { ColloquyError } from '../../../schemas/errors.ts'
import { decodeUtf8 } from '../../../schemas/json.ts'

/** Declarations are looked for in this many bytes from the start, as browsers do. */
const DECLARATION_BYTES_MAX = 1_024
const DECLARATIONS = [
  /<meta[^>]{0,200}\bcharset\s*=\s*["']?\s*([\w:.-]{1,40})/i,
  /<\?xml[^>]{0,100}\bencoding\s*=\s*["']([\w:.-]{1,40})["']/i,
  /@charset\s+"([\w:.-]{1,40})"/i,
  /^(?:#|\/\/)[^\n]{0,80}\bcoding[:=]\s*([\w.-]{1,40})/m,
]

/** Charsets of East Asia that a text may be in without a declaration. Others are too alike for a guess. */
const GUESSED = new Set(['GB18030', 'Big5', 'Shift_JIS', 'EUC-JP', 'EUC-KR'])
/** Confidence of the guess in percent, and by how much it must exceed the next one. */
const CONFIDENCE_MIN = 50
const CONFIDENCE_LEAD_MIN = 10
const GUESS_BYTES_MAX = 64 * 1024

/** A text, with its charset unless that is UTF-8. */
export interface Decoded {
  readonly text: string
  readonly charset?: string
}

/**
 * Decodes a text by its byte order mark, as UTF-8, by the charset it declares, or as the charset of East Asia that it most looks like.
 * Node's own decoder knows all charsets of the web, and unlike iconv-lite it can refuse bytes that have no meaning.
 *
 * @throws ColloquyError `no_text` if the bytes are no text, or their charset is unknown.
 */
export function decodeText(bytes: Uint8Array): Decoded {
  const marked = markOf(bytes)
  if (marked !== undefined) return { text: decoded(bytes, marked), charset: spelt(marked) }
  if (bytes.includes(0)) throw new ColloquyError('no_text', 'the file is binary: it contains zero bytes')
  const utf8 = decodeUtf8(bytes)
  if (utf8 !== undefined) return { text: utf8 }
  const charset = declaredIn(bytes) ?? guess(bytes)
  if (charset === undefined || /^utf-?8$/i.test(charset)) {
    const why = charset === undefined ? 'and declares no other charset' : 'though it declares it'
    throw new ColloquyError('no_text', `the file is not UTF-8 (${placeOf(bytes)}), ${why}; save it as UTF-8`)
  }
  return { text: decoded(bytes, charset), charset: spelt(charset) }
}

function markOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined
}

function declaredIn(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, DECLARATION_BYTES_MAX)).toString('latin1')
  return DECLARATIONS.map((declaration) => declaration.exec(start)?.[1]).find((charset) => charset !== undefined)
}

function guess(bytes: Uint8Array): string | undefined {
  const [best, next] = analyse(bytes.subarray(0, GUESS_BYTES_MAX))
  if (best === undefined || best.confidence < CONFIDENCE_MIN || !GUESSED.has(best.name)) return undefined
  return best.confidence - (next?.confidence ?? 0) < CONFIDENCE_LEAD_MIN ? undefined : best.name
}

function decoded(bytes: Uint8Array, charset: string): string {
  if (!isKnown(charset)) throw new ColloquyError('no_text', `the file declares the charset ${JSON.stringify(charset)}, which is unknown`)
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ColloquyError('no_text', `the file is not ${charset}: some of its bytes are no characters; it may be cut`, { cause })
  }
}

/** One spelling of a charset, however a file declares it. The decoder reads `gb2312` and `GBK` as GB18030, which contains both. */
const spelt = (charset: string): string => {
  const { encoding } = new TextDecoder(charset)
  return SPELT[encoding] ?? (/^(?:windows|x-mac|mac)/.test(encoding) ? encoding : encoding.toUpperCase())
}
const SPELT: Readonly<Record<string, string>> = { gbk: 'GB18030', big5: 'Big5', shift_jis: 'Shift_JIS' }

function isKnown(charset: string): boolean {
  try {
    return new TextDecoder(charset).encoding !== ''
  } catch {
    return false
  }
}

/** Where a text stops being UTF-8: the byte from 1. */
function placeOf(bytes: Uint8Array): string {
  const isValid = (length: number): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream: true })
      return true
    } catch {
      return false
    }
  }
  let [valid, invalid] = [0, bytes.length]
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if (isValid(middle)) valid = middle
    else invalid = middle
  }
  return `byte ${invalid}`
}
