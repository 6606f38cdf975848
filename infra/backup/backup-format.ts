import { z } from 'zod'

/** The version of the folder's layout. A newer one is refused, never guessed at. */
export const FORMAT = 1
export const MANIFEST = 'manifest.json'
export const SEGMENTS = 'segments'

const count = z.int().nonnegative()
const time = z.iso.datetime()

/**
 * A segment holds messages of one stream in order, one JSON object on a line, compressed with zstd: any `zstd -dc` reads it.
 */
const segmentSchema = z.object({
  /** In the folder `segments`. */
  file: z.string().regex(/^[a-z]+-\d+-\d+\.jsonl\.zst$/),
  /** Of the file as it lies on disk, hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count,
  /** Sequences of the first and the last message in it. */
  first: count,
  last: count,
  messages: count,
})
export type Segment = z.infer<typeof segmentSchema>

/** What is kept of a stream, and where the next backup goes on. */
const streamSchema = z.object({
  /** When the stream was made: another one of the same name has another birth. */
  created: z.string(),
  /** The first sequence that the stream had. */
  firstSeq: count,
  /** The last sequence that the stream had given out, and when; gaps before it may be of messages that were removed. */
  lastSeq: count,
  lastTs: z.string(),
  segments: z.array(segmentSchema),
})
export type StreamBackup = z.infer<typeof streamSchema>

export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  /** Versions of Colloquy, and of nats-server. */
  colloquy: z.string(),
  natsServer: z.string(),
  partitions: z.int().positive(),
  /** When this backup was begun: every input that was acknowledged before is in it, if `decided` is true. */
  at: time,
  decided: z.boolean(),
  log: streamSchema,
  /** Untouched payloads of what was rejected. Letters that were removed meanwhile are in `removed`. */
  dead: streamSchema.extend({ removed: z.array(count) }),
  inbox: z.object({ lastSeq: count }),
  /** LOG sequence up to which everything was carried out: a restored dispatcher goes on from there. */
  dispatchedSeq: count,
  /** The register of kinds, as its bucket has it. */
  register: z.record(z.string(), z.string()),
})
export type Manifest = z.infer<typeof manifestSchema>

const storedSchema = z.object({
  seq: z.int().positive(),
  time,
  subject: z.string(),
  headers: z.record(z.string(), z.array(z.string())).optional(),
  /** The payload: as text where it is UTF-8, else in base64. */
  text: z.string().optional(),
  base64: z.string().optional(),
})
/** One message as a line of a segment. */
export type StoredLine = z.infer<typeof storedSchema>

/** What a message is, for a line. */
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

export function lineOf({ seq, time: at, subject, headers, payload }: Stored): string {
  const text = asText(payload)
  return JSON.stringify({
    seq, time: at, subject, ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(text === undefined ? { base64: Buffer.from(payload).toString('base64') } : { text }),
  })
}

/** @throws ZodError where it is no such line */
export function storedOf(line: string): Stored {
  const { seq, time: at, subject, headers = {}, text, base64 = '' } = storedSchema.parse(JSON.parse(line))
  return { seq, time: at, subject, headers, payload: text === undefined ? Buffer.from(base64, 'base64') : Buffer.from(text) }
}
