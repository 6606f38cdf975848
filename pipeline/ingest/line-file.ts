import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { fileProblem } from '../runtime/file-errors.ts'

/** A line of a file without its newline, or the problem with it. */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly bytes: Uint8Array
  /** The line is too long, or the file is truncated here; `bytes` is then empty. */
  readonly problem?: string
}

/** An open file of lines. `lines` can be read once. */
export interface LineFile {
  readonly lines: AsyncIterable<Line>
  /** Size of the file on disk, compressed if it is. */
  readonly bytesTotal: number
  /** Bytes of the file on disk that have been read. */
  bytesRead(): number
}

/** Longer lines are skipped, so that memory is bounded. */
const LINE_BYTES_MAX = 16 * 1024 * 1024
const NEWLINE = 0x0a

/** Opens a file of lines; a name that ends in `.gz` is decompressed. @throws ColloquyError `bad_file` if it cannot be opened. */
export async function openLines(path: string): Promise<LineFile> {
  const bytesTotal = await sizeOf(path)
  const file = createReadStream(path)
  // The reader of the lines gets the errors of both streams.
  const stream: AsyncIterable<Buffer> = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file
  return { lines: split(stream), bytesTotal, bytesRead: () => file.bytesRead }
}

async function sizeOf(path: string): Promise<number> {
  try {
    await using handle = await open(path)
    const stats = await handle.stat()
    if (!stats.isFile()) throw new Error('it is not a file')
    return stats.size
  } catch (cause) {
    throw new ColloquyError('bad_file', `${path} cannot be read: ${fileProblem(cause)}`, { cause })
  }
}

async function* split(stream: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 1
  let parts: Buffer[] = []
  let length = 0
  const append = (part: Buffer): void => {
    length += part.length
    if (length <= LINE_BYTES_MAX) parts.push(part)
    else parts = []
  }
  const finish = (): Line => {
    const line =
      length > LINE_BYTES_MAX
        ? { number, bytes: new Uint8Array(), problem: `the line has ${length} bytes; at most ${LINE_BYTES_MAX} are allowed` }
        : { number, bytes: Buffer.concat(parts) }
    number += 1
    parts = []
    length = 0
    return line
  }
  try {
    for await (const chunk of stream) {
      let start = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        append(chunk.subarray(start, end))
        start = end + 1
        yield finish()
      }
      append(chunk.subarray(start))
    }
  } catch (error) {
    yield { number, bytes: new Uint8Array(), problem: `the file is truncated here: ${messageOf(error)}` }
    return
  }
  if (length > 0) yield finish()
}
