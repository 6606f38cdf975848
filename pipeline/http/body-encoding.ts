import { promisify } from 'node:util'
import { brotliDecompress, constants, gunzip, inflate, zstdDecompress } from 'node:zlib'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { HttpProblem } from './problems.ts'

/** Memory that a zstd frame may ask for: 8 MiB, which RFC 8878 recommends to support. */
const ZSTD_WINDOW_LOG_MAX = 23

/** A body may not grow beyond the limit of a body, however small it arrives. */
const bounds = { maxOutputLength: LIMITS.inputBytesMax }
const zstd = promisify<Buffer, object, Buffer>(zstdDecompress)
const DECODERS: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  gzip: (body) => promisify<Buffer, object, Buffer>(gunzip)(body, bounds),
  deflate: (body) => promisify<Buffer, object, Buffer>(inflate)(body, bounds),
  br: (body) => promisify<Buffer, object, Buffer>(brotliDecompress)(body, bounds),
  zstd: (body) => zstd(body, { ...bounds, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } }),
}
const ACCEPTED = Object.keys(DECODERS).join(', ')

/**
 * A body without its content encoding.
 *
 * @throws HttpProblem 415 `unsupported_encoding`; 413 `too_large` if the decoded body exceeds the limit; 400 `bad_request` if it is
 * damaged.
 */
export async function decodedBody(encoding: string | undefined, body: Buffer): Promise<Buffer> {
  const name = (encoding ?? 'identity').trim().toLowerCase().replace(/^x-/, '')
  if (name === 'identity' || name === '') return body
  const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
  if (decode === undefined) {
    throw new HttpProblem('unsupported_encoding', `the Content-Encoding "${name}" is not supported; use one of ${ACCEPTED}, or none`, {
      headers: { 'accept-encoding': ACCEPTED },
    })
  }
  try {
    return await decode(body)
  } catch (cause) {
    if (codeOf(cause) === 'ERR_BUFFER_TOO_LARGE') {
      throw new HttpProblem('too_large', `the decoded body is too large; send at most ${LIMITS.inputBytesMax} bytes`, { cause })
    }
    throw new HttpProblem('bad_request', `the body is not valid ${name}: ${messageOf(cause)}`, { cause })
  }
}
