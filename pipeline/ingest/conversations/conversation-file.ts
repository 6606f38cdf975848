import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ColloquyError } from '../../../schemas/errors.ts'
import { fileProblem } from '../../runtime/file-errors.ts'
import { type JsonPiece, jsonValues } from './json-values.ts'

/** An open file of conversations. `pieces` can be read once. */
export interface ConversationFile {
  readonly pieces: AsyncIterable<JsonPiece>
  /** Size of the file on disk, compressed if it is. */
  readonly bytesTotal: number
  /** Bytes of the file on disk that have been read. */
  bytesRead(): number
}

/** The first bytes of files that hold no text, with their names. */
const NO_TEXT: readonly (readonly [magic: string, name: string])[] = [
  ['PK\u0003\u0004', 'a ZIP archive: unpack it, and import the JSON file in it, such as conversations.json'],
  ['%PDF-', 'a PDF'],
  ['PAR1', 'a Parquet file'],
  ['SQLite format 3\u0000', 'an SQLite database'],
]

/**
 * Opens a file of conversations: UTF-8 or UTF-16, compressed by gzip or not.
 *
 * @throws ColloquyError `bad_file` if it cannot be opened, or holds no text.
 */
export async function openConversations(path: string): Promise<ConversationFile> {
  const { head, size: bytesTotal } = await headOf(path)
  const wrong = NO_TEXT.find(([magic]) => head.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1')))
  if (wrong !== undefined) throw new ColloquyError('bad_file', `${path} is no file of conversations: it is ${wrong[1]}`)
  const file = createReadStream(path)
  const isGzip = head[0] === 0x1f && head[1] === 0x8b
  // The reader of the values gets the errors of both streams.
  const stream: AsyncIterable<Buffer> = isGzip ? pipeline(file, createGunzip(), () => undefined) : file
  return { pieces: jsonValues(asUtf8(stream)), bytesTotal, bytesRead: () => file.bytesRead }
}

const HEAD_BYTES = 16

async function headOf(path: string): Promise<{ head: Buffer; size: number }> {
  try {
    await using handle = await open(path)
    const stats = await handle.stat()
    if (!stats.isFile()) throw new Error('it is not a file')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return { head: buffer.subarray(0, bytesRead), size: stats.size }
  } catch (cause) {
    throw new ColloquyError('bad_file', `${path} cannot be read: ${fileProblem(cause)}`, { cause })
  }
}

/** The text as UTF-8 without a byte order mark. Without one, UTF-16 shows by a zero byte beside the first bracket or space. */
async function* asUtf8(stream: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  let first: Buffer | undefined
  let decoder: InstanceType<typeof TextDecoder> | undefined
  for await (const chunk of stream) {
    if (decoder !== undefined) yield Buffer.from(decoder.decode(chunk, { stream: true }))
    else if (first?.length === 0) yield chunk
    else {
      first = Buffer.concat([first ?? Buffer.alloc(0), chunk])
      // A mark has up to three bytes.
      if (first.length < 3) continue
      const encoding = utf16Of(first)
      const start = first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf ? first.subarray(3) : first
      first = Buffer.alloc(0)
      if (encoding === undefined) yield start
      else {
        decoder = new TextDecoder(encoding, { fatal: true })
        yield Buffer.from(decoder.decode(start, { stream: true }))
      }
    }
  }
  if (first !== undefined) yield first
  if (decoder !== undefined) yield Buffer.from(decoder.decode())
}

function utf16Of([a = 0, b = 0]: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if ((a === 0xff && b === 0xfe) || (b === 0 && isStart(a))) return 'utf-16le'
  return (a === 0xfe && b === 0xff) || (a === 0 && isStart(b)) ? 'utf-16be' : undefined
}

/** Whether JSON may begin with this character. */
const isStart = (byte: number): boolean => /[[{\s]/.test(String.fromCharCode(byte))
