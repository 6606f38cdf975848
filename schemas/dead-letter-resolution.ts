import { z } from 'zod'
import { parseJson } from './json.ts'
import { reasonSchema } from './reasons.ts'

/** How a dead letter was resolved. `redriven`: its actor got the original input again. `dropped`: the original input was given up. */
export const RESOLUTIONS = ['redriven', 'dropped'] as const
export const resolutionSchema = z.enum(RESOLUTIONS)
export type Resolution = z.infer<typeof resolutionSchema>

/** Characters of the name of who resolves a dead letter. */
export const RESOLVER_CHARS_MAX = 128

/** The columns of `dead_letters` without the payload. */
export const deadLetterFacts = {
  /** LOG sequence of the record that produced the dead letter. */
  logSeq: z.int().positive(),
  /** INBOX sequence of the original. */
  inboxSeq: z.int().nonnegative(),
  /** When it was decided. */
  at: z.iso.datetime(),
  reason: reasonSchema,
  /** The subject it was published to. */
  subject: z.string(),
  error: z.string(),
}

/**
 * A request to an actor to resolve one of its dead letters: the header `Colloquy-Letter` of a message on `act.…`, a subject that producers
 * may not publish to. The body is the original payload; for `dropped`, its beginning.
 */
export const resolutionRequestSchema = z.object({
  end: resolutionSchema,
  /** Sequence in DEAD. */
  deadSeq: z.int().positive(),
  /** Id of the original, and its arrival time in INBOX. They apply where the payload has no id or time. */
  id: z.string(),
  ts: z.iso.datetime(),
  /** Who asked for it, where that is known. */
  by: z.string().max(RESOLVER_CHARS_MAX).optional(),
  /** Redrives the dead letter even if it was redriven before. */
  force: z.literal(true).optional(),
  ...deadLetterFacts,
})
export type ResolutionRequest = z.infer<typeof resolutionRequestSchema>

/** Name of the header with a resolution request. */
export const RESOLUTION_HEADER = 'Colloquy-Letter'

/** Encodes a request as one line of ASCII, as a header value must be. */
export const resolutionHeader = (request: ResolutionRequest): string => Buffer.from(JSON.stringify(request)).toString('base64url')

/** Decodes a header; `undefined` where it is not a valid request. */
export const readResolutionHeader = (text: string): ResolutionRequest | undefined =>
  resolutionRequestSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8'))).data

/** Input types of the notes that say how a dead letter was resolved. */
export const RESOLUTION_TYPE = /^dead\./
