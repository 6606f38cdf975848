import { promisify } from 'node:util'
import { brotliDecompress, constants, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib'
import { codeOf } from '../../schemas/errors.ts'
import { HttpProblem } from './problems.ts'

/** Memory that a zstd frame may ask for: 8 MiB, which RFC 8878 recommends to support. */
const ZSTD_WINDOW_LOG_MAX = 23

const zstd = promisify<Buffer, object, Buffer>(zstdDecompress)
/** A body may not grow beyond the limit of a body, however small it arrives. */
interface Bounds {
  readonly maxOutputLength: number
}
const DECODERS: Readonly<Record<string, (body: Buffer, bounds: Bounds) => Promise<Buffer>>> = {
  gzip: (body, bounds) => promisify<Buffer, object, Buffer>(gunzip)(body, bounds),
  // The name means zlib's format. Many clients send the bare one, which has no header.
  deflate: (body, bounds) => promisify<Buffer, object, Buffer>(hasZlibHeader(body) ? inflate : inflateRaw)(body, bounds),
  br: (body, bounds) => promisify<Buffer, object, Buffer>(brotliDecompress)(body, bounds),
  zstd: (body, bounds) => zstd(body, { ...bounds, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } }),
}
/** RFC 1950: the method is 8, and the first two bytes are a multiple of 31. */
const hasZlibHeader = ([first = 0, second = 0]: Buffer): boolean => (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0
/** Encodings on top of each other in one request. */
const ENCODINGS_MAX = 3
const ACCEPTED = Object.keys(DECODERS).join(', ')

/**
 * A body without its content encoding.
 *
 * @param bytesMax of the decoded body
 * @throws HttpProblem 415 `unsupported_encoding`; 413 `too_large` if the decoded body exceeds the limit; 400 `bad_request` if it is
 * damaged.
 */
export async function decodedBody(encoding: string | undefined, body: Buffer, bytesMax: number): Promise<Buffer> {
  const names = (encoding ?? '').split(',').map((one) => one.trim().toLowerCase().replace(/^x-/, ''))
  const applied = names.filter((name) => name !== 'identity' && name !== '')
  if (applied.length > ENCODINGS_MAX) {
    const detail = `the body has ${applied.length} encodings; use at most ${ENCODINGS_MAX} of ${ACCEPTED}`
    throw new HttpProblem('unsupported_encoding', detail, { headers: { 'accept-encoding': ACCEPTED } })
  }
  let decoded = body
  // The last one was applied last.
  for (const name of applied.toReversed()) decoded = await withoutEncoding(name, decoded, bytesMax)
  return decoded
}

async function withoutEncoding(name: string, body: Buffer, bytesMax: number): Promise<Buffer> {
  const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
  if (decode === undefined) {
    throw new HttpProblem('unsupported_encoding', `the Content-Encoding "${name}" is not supported; use one of ${ACCEPTED}, or none`, {
      headers: { 'accept-encoding': ACCEPTED },
    })
  }
  try {
    return await decode(body, { maxOutputLength: bytesMax })
  } catch (cause) {
    if (codeOf(cause) === 'ERR_BUFFER_TOO_LARGE') {
      throw new HttpProblem('too_large', `the decoded body is too large; send at most ${bytesMax} bytes`, { cause })
    }
    throw new HttpProblem('bad_request', `the body is not valid ${name}: it is damaged, or its end is missing`, { cause })
  }
}
