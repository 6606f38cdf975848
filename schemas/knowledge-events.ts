import { hash } from 'node:crypto'
import { z } from 'zod'
import { TOKEN } from './subjects.ts'

/** The kind that knowledge goes through: one actor is one source, such as a file. */
export const SOURCE_KIND = 'source'

/** The bounds of knowledge; an input is bounded by `LIMITS.inputBytesMax` besides. */
export const KNOWLEDGE_LIMITS = {
  /** UTF-16 units of a source's name, and of its title and address. */
  sourceCharsMax: 1_024,
  titleCharsMax: 300,
  urlCharsMax: 2_048,
  /** UTF-16 units of a chunk. */
  chunkCharsMax: 8_000,
  /** Chunks of a source: with those of a revision that replaces all of them, their ids fit into an actor's state. */
  chunksMax: 2_500,
} as const

/**
 * What a source says, or a part of it: text that is found again chunk by chunk. A source that fits into one input is one part. A revision
 * is complete with its last part, and what the source said before and does not say any more is gone then.
 */
export const sourceTaught = z.object({
  source: z.string().min(1).max(KNOWLEDGE_LIMITS.sourceCharsMax).optional().meta({ description: 'What a hit and a citation name; default: the id of the actor' }),
  title: z.string().max(KNOWLEDGE_LIMITS.titleCharsMax).optional(),
  lang: z.string().max(35).optional().meta({ description: 'BCP 47; detected chunk by chunk where it is absent' }),
  url: z.string().max(KNOWLEDGE_LIMITS.urlCharsMax).optional().meta({ description: 'Where people find it' }),
  revision: z.string().max(64).default('').meta({ description: 'The same for all parts, another one for any other text; the one that is known changes nothing. Needed with several parts' }),
  part: z.int().positive().default(1),
  parts: z.int().positive().default(1),
  from: z.int().nonnegative().default(0).meta({ description: 'Chunks in the parts before' }),
  chunks: z.array(z.string().min(1).max(KNOWLEDGE_LIMITS.chunkCharsMax)).min(1)
    .meta({ description: 'Each is found by itself. A first line "# Title › Section", with an empty one after it, says where it stands' }),
}).refine(({ part, parts }) => part <= parts, { path: ['part'], message: 'must not be above parts' })
export type SourceTaught = z.output<typeof sourceTaught>

export const sourceForgotten = z.object({})

/** What a source says has changed; the ids are of its chunks. */
export const knowledgeChanged = z.object({
  source: z.string(),
  revision: z.string().nullable().meta({ description: 'Of what is known now; the one before while parts are on their way, null where nothing is' }),
  added: z.array(z.string()),
  removed: z.array(z.string()),
})

/** Base64url characters of a chunk's id: 60 bits tell the chunks of one source apart. */
export const CHUNK_ID_CHARS = 10

/** The id of a chunk is its text's: it stays while the chunk does, wherever it stands, and the same text again is the same chunk. */
export const chunkIdOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, CHUNK_ID_CHARS)

/** A chunk that says first where it stands. */
export const withHeading = (head: string, text: string): string => `# ${head}${text === '' ? '' : `\n\n${text}`}`

/** Where a chunk stands, and what it says there. */
export function splitHeading(chunk: string): { readonly head: string | undefined; readonly text: string } {
  const [, head, text] = /^# ([^\n]+)(?:\n\n|$)([^]*)$/.exec(chunk) ?? []
  return { head, text: text ?? chunk }
}

const DERIVED_CHARS = 22
const DERIVED = new RegExp(`--[A-Za-z0-9_-]{${DERIVED_CHARS}}$`)
const READABLE_CHARS_MAX = 64

/**
 * The actor of a source. A name that is a token is its id; any other becomes what can be read of its end, `--` and a hash, and so does a
 * token that looks like one of those, so that no two sources have one actor.
 */
export function sourceActorId(source: string): string {
  if (TOKEN.test(source) && !DERIVED.test(source)) return source
  const readable = source.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(-READABLE_CHARS_MAX).replaceAll(/^-+|-+$/g, '')
  return `${readable}--${hash('sha256', source, 'base64url').slice(0, DERIVED_CHARS)}`
}
