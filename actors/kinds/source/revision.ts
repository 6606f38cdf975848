import { z } from 'zod'
import { CHUNK_ID_CHARS, chunkIdOf, type SourceTaught } from '../../../schemas/knowledge-events.ts'
import { hasTags, type Tags, tagsSchema } from '../../../schemas/tags.ts'
import type { Migration } from '../../definition/earlier-versions.ts'

/** Chunk ids, concatenated: a state may hold thousands, and one string makes the smallest record. */
const idsSchema = z.string()

export const contextSchema = z.object({
  source: z.string(),
  title: z.string().nullable(),
  lang: z.string().nullable(),
  url: z.string().nullable(),
  /** Version 1 had none. */
  tags: tagsSchema.default({}),
  /** The complete revision; null where there is none. */
  revision: z.string().nullable(),
  chunks: idsSchema,
  /** A revision of which some parts have not arrived yet. A search finds its chunks at once, besides those of the complete revision. */
  coming: z.object({ revision: z.string(), part: z.int(), parts: z.int(), chunks: idsSchema }).nullable(),
})
export type Context = z.infer<typeof contextSchema>

/** Version 1 has the same states and the other fields. */
export const withoutTags: Migration<Context> = ({ value, context }) => ({ value, context: contextSchema.parse(context) })

/** The context of a source without chunks. */
export const emptyContext = (source: string): Context => ({
  source,
  title: null,
  lang: null,
  url: null,
  tags: {},
  revision: null,
  chunks: '',
  coming: null,
})

/** The next context of a source, the chunks that it gains and loses, and its tags, unless it neither has nor had any. */
export interface Change {
  readonly context: Context
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly tags?: Tags
}

/** Whether a part may be applied: the first part of a revision other than the complete one, or the next part of the incoming one. */
export function isExpectedPart({ revision, coming }: Context, { part, parts, ...given }: SourceTaught): boolean {
  if (part > 1) return coming?.revision === given.revision && coming.parts === parts && coming.part === part - 1
  // A revision without a name cannot be compared with the complete one.
  return coming !== null || given.revision === '' || revision !== given.revision
}

/** Applies an expected part. Chunks that the new revision lacks are removed with its last part, not before. Tags come with the first. */
export function applyPart(before: Context, { source, title, lang, url, tags = {}, revision, part, parts, chunks }: SourceTaught): Change {
  const [known, abandoned] = [idsIn(before.chunks), part === 1 ? idsIn(before.coming?.chunks) : new Set<string>()]
  const earlierParts = part === 1 ? new Set<string>() : idsIn(before.coming?.chunks)
  const partIds = new Set(chunks.map(chunkIdOf))
  const added = [...partIds].filter((id) => !known.has(id) && !earlierParts.has(id) && !abandoned.has(id))
  const now = earlierParts.union(partIds)
  const about = { source: source ?? before.source, title: title ?? null, lang: lang ?? null, url: url ?? null, tags }
  if (part < parts) {
    const removed = [...abandoned].filter((id) => !known.has(id) && !now.has(id))
    const coming = { revision, part, parts, chunks: [...now].join('') }
    return { context: { ...before, ...about, coming }, added, removed, ...changedTags(before, tags) }
  }
  const removed = [...known.union(abandoned)].filter((id) => !now.has(id))
  return { context: { ...about, revision, chunks: [...now].join(''), coming: null }, added, removed, ...changedTags(before, tags) }
}

/** Removes all chunks, also those of an incoming revision, and the tags. */
export const removeAll = (before: Context): Change => ({
  context: emptyContext(before.source),
  added: [],
  removed: [...idsIn(before.chunks).union(idsIn(before.coming?.chunks))],
  ...changedTags(before, {}),
})

const changedTags = (before: Context, tags: Tags): Pick<Change, 'tags'> => (hasTags(before.tags) || hasTags(tags) ? { tags } : {})

/** Number of chunk ids in a concatenation. */
export const chunkCount = (ids: string): number => ids.length / CHUNK_ID_CHARS

/** The chunk ids in a concatenation. */
export function idsIn(ids = ''): Set<string> {
  const found = new Set<string>()
  for (let at = 0; at < ids.length; at += CHUNK_ID_CHARS) found.add(ids.slice(at, at + CHUNK_ID_CHARS))
  return found
}
