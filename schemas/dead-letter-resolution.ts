import { z } from 'zod'
import { parseJson } from './json.ts'
import { reasonSchema } from './reasons.ts'

/** What became of a dead letter: its original was put before its actor again, or it was given up. */
export const RESOLUTIONS = ['redriven', 'dropped'] as const
export const resolutionSchema = z.enum(RESOLUTIONS)
export type Resolution = z.infer<typeof resolutionSchema>

/** What `dead_letters` says of a letter beside its payload. */
export const deadLetterFacts = {
  /** LOG sequence of the record that made it a letter. */
  logSeq: z.int().positive(),
  /** Where INBOX had the original. */
  inboxSeq: z.int().nonnegative(),
  /** When it was decided. */
  at: z.iso.datetime(),
  reason: reasonSchema,
  /** Where it was published. */
  subject: z.string(),
  error: z.string(),
}

/**
 * What an actor is told about one of its dead letters: the header `Colloquy-Letter` of a message on `act.…`, which producers may not
 * publish to. The body is the letter's payload, untouched (of one that is dropped, its beginning).
 */
export const resolutionRequestSchema = z.object({
  end: resolutionSchema,
  /** Where DEAD has it. */
  deadSeq: z.int().positive(),
  /** The original's, and when INBOX stored it: what it was told by then still goes. */
  id: z.string(),
  ts: z.iso.datetime(),
  /** Also where the actor knows that this letter was redriven before. */
  force: z.literal(true).optional(),
  ...deadLetterFacts,
})
export type ResolutionRequest = z.infer<typeof resolutionRequestSchema>

export const RESOLUTION_HEADER = 'Colloquy-Letter'

/** Header values are one line of ASCII. */
export const resolutionHeader = (letter: ResolutionRequest): string => Buffer.from(JSON.stringify(letter)).toString('base64url')

/** `undefined` where it is none. */
export const readResolutionHeader = (text: string): ResolutionRequest | undefined =>
  resolutionRequestSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8'))).data

/** Types of the inputs that say no more than what became of a letter. */
export const RESOLUTION_TYPE = /^dead\./
