import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { zodProblem } from '../../schemas/envelope.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import type { Embedder } from '../embedding/embedder.ts'
import { highlightsOf, type Stretch } from './highlights.ts'
import { createDuplicateCheck } from './near-duplicates.ts'
import { fuseRanks, FUSIONS, type Weights } from './fuse-ranks.ts'
import { SEARCH_AREAS, type SearchArea, type StoreHit, type VectorStore } from './vector-store.ts'
import { termsOf } from './search-terms.ts'

/** By meaning and by word, by one of them. */
export const SEARCH_MODES = ['hybrid', 'dense', 'keyword'] as const
export type SearchMode = (typeof SEARCH_MODES)[number]

/** What is looked at of a question: more is no question any more, and would make everybody else wait. */
export const QUESTION_CHARACTERS_MAX = 8_192
export const HITS_MAX = 100
const HITS_DEFAULT = 10
/** Candidates for one hit: some turn out to be the same text again, or are better by the other way of looking. */
const CANDIDATES_PER_HIT = 4
const CANDIDATES_MIN = 50
const CANDIDATES_MAX = 200
const HOUR_MS = 3_600_000

const token = z.string().regex(TOKEN, 'must be of [A-Za-z0-9_-], 128 characters at most')
const moment = z.iso.datetime({ offset: true })

/** A question, as whoever asks gives it. */
export const searchRequestSchema = z.strictObject({
  tenant: token.default('default'),
  /** At most `QUESTION_CHARACTERS_MAX` characters. */
  q: z.string().max(QUESTION_CHARACTERS_MAX, `may have ${QUESTION_CHARACTERS_MAX} characters`).refine((text) => text.trim() !== '', 'must not be empty'),
  mode: z.enum(SEARCH_MODES).default('hybrid'),
  /** How the two ways are put together; default: by weights. */
  fusion: z.enum(FUSIONS).default('weights'),
  /** Of nearness, from 0 to 1; the rest is the words'. Default: 0.7, and 0.2 with a lexical model, which knows words only. */
  denseWeight: z.coerce.number().min(0).max(1).optional(),
  in: z.enum(SEARCH_AREAS).optional(),
  kind: token.optional(),
  conversation: token.optional(),
  source: z.string().max(2_048).optional(),
  lang: z.string().max(35).optional(),
  since: moment.optional(),
  until: moment.optional(),
  /** Hours after which a text counts half; unset: its age does not matter. */
  halfLifeHours: z.coerce.number().positive().max(1e6).optional(),
  limit: z.coerce.number().int().min(1).max(HITS_MAX).default(HITS_DEFAULT),
})
export type SearchRequest = z.input<typeof searchRequestSchema>

/** A text that was found. */
export interface SearchHit {
  readonly id: string
  /** Of what was said the message's id, of knowledge its source. */
  readonly source: string
  /** 0 to 1: how much of what is asked for is in it. Comparable over questions to the same model, except where fusion is `rrf`. */
  readonly score: number
  readonly text: string
  readonly in: SearchArea
  readonly kind: string
  readonly actor: string
  readonly chunk: number
  readonly lang: string | null
  readonly at: string
  readonly seq: number
  /** Cosine of the vectors, and how much of the question's words is in it; `null` where it was not looked for by that. */
  readonly dense: number | null
  readonly keyword: number | null
  /** Where the question's words stand in `text`, in UTF-16 units. */
  readonly highlights: readonly Stretch[]
}

export interface SearchAnswer {
  readonly hits: readonly SearchHit[]
  /** `lexical` where the model knows words and not meanings. */
  readonly model: Embedder['kind']
}

export type Search = (request: SearchRequest) => Promise<SearchAnswer>

export interface SearchDeps {
  readonly store: VectorStore
  readonly embedder: Pick<Embedder, 'embed' | 'kind'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A semantic model finds what other words say; a lexical one adds little to the words themselves (decision 16 has the figures). */
const WEIGHT_OF: Readonly<Record<Embedder['kind'], number>> = { semantic: 0.7, lexical: 0.2 }

/**
 * Search over one store, by meaning and by word.
 *
 * @returns throws ColloquyError `bad_query` naming the field, or what the store or the model throw
 */
export function createHybridSearch({ store, embedder, now }: SearchDeps): Search {
  return async (given) => {
    const request = searchRequestSchema.safeParse(given)
    if (!request.success) throw new ColloquyError('bad_query', zodProblem(request.error, ''))
    const { tenant, q, mode, fusion, limit, halfLifeHours, conversation, in: area, kind, source, lang, since, until } = request.data
    const terms = mode === 'dense' ? undefined : termsOf(q)
    const vector = mode === 'keyword' ? undefined : embedder.embed([q], 'query').then(([one]) => one ?? new Float32Array())
    const candidates = await store.search({
      tenant, vector, terms, filter: { in: area, kind, actor: conversation, source, lang, since, until },
      limit: Math.min(CANDIDATES_MAX, Math.max(CANDIDATES_MIN, limit * CANDIDATES_PER_HIT)),
    })
    const dense = mode === 'hybrid' ? request.data.denseWeight ?? WEIGHT_OF[embedder.kind] : mode === 'dense' ? 1 : 0
    const weights: Weights = { dense, keyword: 1 - dense }
    const fresh = (hit: StoreHit): number =>
      (halfLifeHours === undefined ? 1 : 0.5 ** (Math.max(0, now() - Date.parse(hit.at)) / HOUR_MS / halfLifeHours))
    const ranked = fuseRanks(candidates, mode === 'hybrid' ? fusion : 'weights', weights)
      .map(({ hit, score }) => ({ hit, score: score * fresh(hit) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || b.hit.seq - a.hit.seq || a.hit.chunk - b.hit.chunk)
    const asked = new Set(termsOf(q))
    const isDuplicate = createDuplicateCheck()
    const hits: SearchHit[] = []
    for (const { hit, score } of ranked) {
      if (hits.length === limit) break
      if (isDuplicate(hit.text)) continue
      const { tenant: _tenant, similarity, ...rest } = hit
      hits.push({ ...rest, score: rounded(score), dense: similarity && rounded(similarity), keyword: hit.keyword && rounded(hit.keyword), highlights: highlightsOf(hit.text, asked) })
    }
    return { hits, model: embedder.kind }
  }
}

const rounded = (score: number): number => Math.round(score * 1e4) / 1e4
