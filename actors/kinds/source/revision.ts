import { z } from 'zod'
import { CHUNK_ID_CHARS, chunkIdOf, type SourceTaught } from '../../../schemas/knowledge-events.ts'

/** Ids of chunks, one after another: a list of thousands in every record is cheapest as one text. */
const idsSchema = z.string()

export const contextSchema = z.object({
  source: z.string(),
  title: z.string().nullable(),
  lang: z.string().nullable(),
  url: z.string().nullable(),
  /** Of what is known; null where nothing is. */
  revision: z.string().nullable(),
  chunks: idsSchema,
  /** The revision whose parts are on their way. Its chunks are found as they come, beside those that are known. */
  coming: z.object({ revision: z.string(), part: z.int(), parts: z.int(), chunks: idsSchema }).nullable(),
})
export type Context = z.infer<typeof contextSchema>

export const emptyContext = (source: string): Context => ({ source, title: null, lang: null, url: null, revision: null, chunks: '', coming: null })

/** What a source goes over to, and the chunks by which it differs from before. */
export interface Change {
  readonly context: Context
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** Whether a part is the one to come next: the first of a revision that is not known, or the next one of that which is on its way. */
export function isExpectedPart({ revision, coming }: Context, { part, parts, ...given }: SourceTaught): boolean {
  if (part > 1) return coming?.revision === given.revision && coming.parts === parts && coming.part === part - 1
  // Without a name for it nobody can tell whether a revision is the one that is known.
  return coming !== null || given.revision === '' || revision !== given.revision
}

/** Takes a part that follows. With the last one, what is not in the revision is removed; until then nothing is that was known. */
export function applyPart(before: Context, { source, title, lang, url, revision, part, parts, chunks }: SourceTaught): Change {
  const [known, abandoned] = [idsIn(before.chunks), part === 1 ? idsIn(before.coming?.chunks) : new Set<string>()]
  const earlierParts = part === 1 ? new Set<string>() : idsIn(before.coming?.chunks)
  const partIds = new Set(chunks.map(chunkIdOf))
  const added = [...partIds].filter((id) => !known.has(id) && !earlierParts.has(id) && !abandoned.has(id))
  const now = earlierParts.union(partIds)
  const about = { source: source ?? before.source, title: title ?? null, lang: lang ?? null, url: url ?? null }
  if (part < parts) {
    const removed = [...abandoned].filter((id) => !known.has(id) && !now.has(id))
    return { context: { ...before, ...about, coming: { revision, part, parts, chunks: [...now].join('') } }, added, removed }
  }
  const removed = [...known.union(abandoned)].filter((id) => !now.has(id))
  return { context: { ...about, revision, chunks: [...now].join(''), coming: null }, added, removed }
}

/** Forgets all of it, also what is on its way. */
export const removeAll = (before: Context): Change =>
  ({ context: emptyContext(before.source), added: [], removed: [...idsIn(before.chunks).union(idsIn(before.coming?.chunks))] })

export const chunkCount = (ids: string): number => ids.length / CHUNK_ID_CHARS

export function idsIn(ids = ''): Set<string> {
  const found = new Set<string>()
  for (let at = 0; at < ids.length; at += CHUNK_ID_CHARS) found.add(ids.slice(at, at + CHUNK_ID_CHARS))
  return found
}
