import { z } from 'zod'
import { REMOVED_REASONS } from '../../pipeline/jetstream/removed.ts'

/** Version of the folder's layout. A reader refuses a newer version. */
export const FORMAT = 1
export const MANIFEST = 'manifest.json'
export const SEGMENTS = 'segments'
export const OBJECTS = 'objects'

const count = z.int().nonnegative()
const time = z.iso.datetime()

/** A segment has messages of one stream in order, one JSON object a line, compressed with zstd: `zstd -dc` reads it. */
const segmentSchema = z.object({
  /** File name in the folder `segments`. */
  file: z.string().regex(/^[a-z]+-\d+-\d+\.jsonl\.zst$/),
  /** Checksum of the compressed file, hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count,
  /** Sequences of the first and the last message in it. */
  first: count,
  last: count,
  messages: count,
})
export type Segment = z.infer<typeof segmentSchema>

/** The backup of a stream, and where the next backup continues. */
const streamSchema = z.object({
  /** When the stream was created; tells it apart from another stream of the same name. */
  created: z.string(),
  /** First sequence in the stream. */
  firstSeq: count,
  /** Last sequence that the stream had assigned. Gaps before it are messages that were removed. */
  lastSeq: count,
  /** Time of the last message, ISO. */
  lastTs: z.string(),
  segments: z.array(segmentSchema),
})
export type StreamBackup = z.infer<typeof streamSchema>

/** An object that a task has stored: its name, which is that of its file in the folder `objects`, and what the bucket knows of it. */
const objectSchema = z.object({
  name: z.string().regex(/^[0-9a-f]{32}$/),
  /** Checksum of the file, hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count,
  metadata: z.record(z.string(), z.string()),
})
export type ObjectBackup = z.infer<typeof objectSchema>

const removedSchema = z.object({ from: count, to: count, reason: z.enum(REMOVED_REASONS), at: z.string() })

/** The manifest of a backup folder: what the segments contain, and the positions from which a restored system continues. */
export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  /** Versions of Colloquy and of nats-server that made the backup. */
  colloquy: z.string(),
  natsServer: z.string(),
  partitions: z.int().positive(),
  /** When this backup started. If `decided` is true, the backup has the records of all inputs that were acknowledged before it. */
  at: time,
  decided: z.boolean(),
  /** `removed` has the ranges of LOG sequences that had no record any more, and why. */
  log: streamSchema.extend({ removed: z.array(removedSchema).default([]) }),
  /** Dead letters with their original payload. `removed` has the sequences of those that were removed after they were backed up. */
  dead: streamSchema.extend({ removed: z.array(count) }),
  /** Objects of tasks, which records refer to. Absent in backups of earlier releases. */
  objects: z.array(objectSchema).default([]),
  inbox: z.object({ lastSeq: count }),
  /** LOG sequence up to which effects were carried out. A restored dispatcher continues from there. */
  dispatchedSeq: count,
  /** The register of kinds: key and value as in its bucket. */
  register: z.record(z.string(), z.string()),
})
export type Manifest = z.infer<typeof manifestSchema>

/** One message as a line of a segment. */
const storedSchema = z.object({
  seq: z.int().positive(),
  time,
  subject: z.string(),
  headers: z.record(z.string(), z.array(z.string())).optional(),
  /** The payload: `text` if it is valid UTF-8, else `base64`. */
  text: z.string().optional(),
  base64: z.string().optional(),
})

/** A message of a stream, as it is backed up. */
export interface Stored {
  readonly seq: number
  readonly time: string
  readonly subject: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly payload: Uint8Array
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function asText(payload: Uint8Array): string | undefined {
  try {
    return decoder.decode(payload)
  } catch {
    return undefined
  }
}

/** Formats a message as a line of a segment. */
export function lineOf({ seq, time: at, subject, headers, payload }: Stored): string {
  const text = asText(payload)
  return JSON.stringify({
    seq,
    time: at,
    subject,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(text === undefined ? { base64: Buffer.from(payload).toString('base64') } : { text }),
  })
}

/** Parses a line of a segment. @throws ZodError if the line is not valid. */
export function storedOf(line: string): Stored {
  const { seq, time: at, subject, headers = {}, text, base64 = '' } = storedSchema.parse(JSON.parse(line))
  return { seq, time: at, subject, headers, payload: text === undefined ? Buffer.from(base64, 'base64') : Buffer.from(text) }
}
