import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { zstdCompress } from 'node:zlib'
import type { JsMsg } from '@nats-io/jetstream'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { openReader } from '../../pipeline/jetstream/ordered-reader.ts'
import { segmentPath, writeWhole } from './backup-folder.ts'
import { lineOf, type Segment, type Stored } from './backup-format.ts'

/** Bounds of a segment, which is in memory until it is written; the first one reached closes it. */
const SEGMENT_BYTES_MAX = 16 * 1024 * 1024
const SEGMENT_MESSAGES_MAX = 20_000
/** Messages that the reader buffers. */
const AHEAD_MAX = 2_000

const compress = promisify(zstdCompress)

export interface CopyOptions {
  readonly jetstream: JetStreamContext
  readonly dir: string
  readonly stream: 'LOG' | 'DEAD'
  /** Sequences, both ends included. */
  readonly from: number
  readonly to: number
  readonly onMessage: (message: JsMsg) => void
  readonly signal: AbortSignal
}

/** Writes messages of a stream into segment files, in order. */
export interface SegmentWriter {
  add(message: Stored): Promise<void>
  /** Closes the last segment. @returns all of them, which the caller names in the manifest */
  close(): Promise<readonly Segment[]>
}

/** Opens a writer of segments in a backup folder. */
export function createSegmentWriter(dir: string, stream: 'LOG' | 'DEAD'): SegmentWriter {
  const segments: Segment[] = []
  let lines: string[] = []
  let bytes = 0
  let first = 0
  let last = 0
  const closeOne = async (): Promise<void> => {
    if (lines.length === 0) return
    const packed = await compress(Buffer.from(`${lines.join('\n')}\n`))
    const file = `${stream.toLowerCase()}-${first}-${last}.jsonl.zst`
    await writeWhole(segmentPath(dir, file), packed)
    segments.push({ file, sha256: hash('sha256', packed), bytes: packed.length, first, last, messages: lines.length })
    lines = []
    bytes = 0
  }
  return {
    async add(message) {
      if (lines.length === 0) first = message.seq
      last = message.seq
      const line = lineOf(message)
      lines.push(line)
      bytes += line.length
      if (bytes >= SEGMENT_BYTES_MAX || lines.length >= SEGMENT_MESSAGES_MAX) await closeOne()
    },
    async close() {
      await closeOne()
      return segments
    },
  }
}

/**
 * Copies a range of a stream into segment files. The caller names them in the manifest afterwards.
 *
 * @throws ColloquyError `interrupted` when the reader lost its consumer or its connection; the reason of `signal` when it is aborted.
 */
export async function copyStream({ jetstream, dir, stream, from, to, onMessage, signal }: CopyOptions): Promise<readonly Segment[]> {
  if (from > to) return []
  const writer = createSegmentWriter(dir, stream)
  const reader = await openReader(jetstream, { stream, filterSubjects: [], startSeq: from, to, messagesMax: AHEAD_MAX })
  try {
    for await (const message of reader) {
      signal.throwIfAborted()
      await writer.add(storedFrom(message))
      onMessage(message)
    }
  } finally {
    reader.stop()
  }
  return writer.close()
}

function storedFrom({ seq, time, subject, headers, data }: JsMsg): Stored {
  const values = (headers?.keys() ?? []).map((name) => [name, headers?.values(name) ?? []] as const)
  return { seq, time: time.toISOString(), subject, headers: Object.fromEntries(values), payload: data }
}
