import { hash } from 'node:crypto'
import { z } from 'zod'
import { tagsSchema } from './tags.ts'

/** The kind that holds knowledge. One actor is one source, such as a file. */
export const SOURCE_KIND = 'source'

/** Bounds of uploaded knowledge. `LIMITS.inputBytesMax` bounds each input in addition. */
export const KNOWLEDGE_LIMITS = {
  /** UTF-16 units of a source's name, title and URL. */
  sourceCharsMax: 1_024,
  titleCharsMax: 300,
  urlCharsMax: 2_048,
  /** UTF-16 units of a chunk. */
  chunkCharsMax: 8_000,
  /** Chunks of a source. An actor's state has room for twice as many ids, which a complete replacement needs. */
  chunksMax: 2_500,
} as const

/**
 * An upload of a source, or of a part of it; each chunk is indexed separately. A source that fits into one input has one part. The last
 * part completes a revision, and removes the chunks that the new revision lacks.
 */
export const sourceTaught = z
  .object({
    source: z
      .string()
      .min(1)
      .max(KNOWLEDGE_LIMITS.sourceCharsMax)
      .optional()
      .meta({ description: 'Name of the source in hits and citations. Default: id of the actor' }),
    title: z.string().max(KNOWLEDGE_LIMITS.titleCharsMax).optional(),
    lang: z.string().max(35).optional().meta({ description: 'BCP 47. Default: detected for each chunk' }),
    url: z.string().max(KNOWLEDGE_LIMITS.urlCharsMax).optional().meta({ description: 'Link for readers' }),
    tags: tagsSchema
      .optional()
      .meta({
        description:
          'Searches filter by them: one value for each key, such as {"product": "otter"}. All parts have all tags; default none. '
          + 'At most 32, with keys of 1 to 64 of [A-Za-z0-9_.-] and values of 1 to 256 characters; 4 KiB in all',
      }),
    revision: z
      .string()
      .max(64)
      .default('')
      .meta({
        description:
          'Name of this version of the text and its tags: the same for all parts, different for others. A repeated revision changes '
          + 'nothing. Required with several parts',
      }),
    part: z.int().positive().default(1),
    parts: z.int().positive().default(1),
    from: z.int().nonnegative().default(0).meta({ description: 'Number of chunks in the earlier parts' }),
    chunks: z
      .array(z.string().min(1).max(KNOWLEDGE_LIMITS.chunkCharsMax))
      .min(1)
      .meta({
        description: 'Each chunk is indexed separately. A first line "# Title › Section", followed by an empty one, is its heading',
      }),
  })
  .refine(({ part, parts }) => part <= parts, { path: ['part'], message: 'must not exceed parts' })
export type SourceTaught = z.output<typeof sourceTaught>

/** Removes all chunks of a source. */
export const sourceForgotten = z.object({})

/** Emitted when the chunks or tags of a source change; lists the ids of chunks. */
export const knowledgeChanged = z.object({
  source: z.string(),
  revision: z
    .string()
    .nullable()
    .meta({ description: 'The last complete revision, which stays until the next one is complete; null where there is none' }),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  tags: tagsSchema.optional().meta({ description: 'All tags that the source has now; absent if it neither has nor had any' }),
})

/** Length of a chunk's id in base64url characters: 60 bits, enough for the chunks of one source. */
export const CHUNK_ID_CHARS = 10

/** The id of a chunk is a hash of its text. It does not depend on the chunk's position; equal texts in one source are one chunk. */
export const chunkIdOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, CHUNK_ID_CHARS)

/** Puts a heading above the text of a chunk: the title and section it comes from. */
export const chunkWithHeading = (head: string, text: string): string => `# ${head}${text === '' ? '' : `\n\n${text}`}`

/** Splits a chunk into its heading and its text. */
export function splitHeading(chunk: string): { readonly head: string | undefined; readonly text: string } {
  const [, head, text] = /^# ([^\n]+)(?:\n\n|$)([^]*)$/.exec(chunk) ?? []
  return { head, text: text ?? chunk }
}
