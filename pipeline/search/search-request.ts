import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import { tagFilterSchema } from '../../schemas/tags.ts'
import { FUSIONS } from './fuse-ranks.ts'
import { SEARCH_AREAS } from './vector-store.ts'

/** `dense` searches by vector, `keyword` by terms, `hybrid` by both. */
export const SEARCH_MODES = ['hybrid', 'dense', 'keyword'] as const
export type SearchMode = (typeof SEARCH_MODES)[number]

/** Max length of a query; a longer one would delay other callers. */
export const QUESTION_CHARACTERS_MAX = 8_192
export const HITS_MAX = 100
const HITS_DEFAULT = 10
export const RRF_K_MAX = 10_000

const token = z.string().regex(TOKEN, 'must consist of [A-Za-z0-9_-], 128 characters at most')
/** As in RFC 3339, the letters may be small. */
const timestamp = z
  .string()
  .toUpperCase()
  .pipe(z.iso.datetime({ offset: true }))

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])

/** A search request as callers pass it, over HTTP as query parameters. */
export const searchRequestSchema = z
  .strictObject({
    tenant: token.default('default'),
    /** The query, at most `QUESTION_CHARACTERS_MAX` characters. */
    q: z
      .string()
      .max(QUESTION_CHARACTERS_MAX, `must have at most ${QUESTION_CHARACTERS_MAX} characters`)
      .refine((text) => text.trim() !== '', 'must not be empty'),
    mode: z.enum(SEARCH_MODES).default('hybrid'),
    /** How the two rankings are combined; default `auto`, with a `denseWeight` `weights`. */
    fusion: z.enum(FUSIONS).optional(),
    /** Weight of the vector similarity in `weights` and `rrf`, 0 to 1; keywords get the rest. Default 0.7, with a lexical model 0.2. */
    denseWeight: z.coerce.number().min(0).max(1).optional(),
    in: z.enum(SEARCH_AREAS).optional(),
    kind: token.optional(),
    conversation: token.optional(),
    source: z.string().max(2_048).optional(),
    /** Only learned documents with these tags, each `key=value`. All keys must hold; of several values of a key, one must. */
    tag: tagFilterSchema.optional(),
    lang: z.string().max(35).optional(),
    since: timestamp.optional(),
    until: timestamp.optional(),
    /** Hours after which the score of a text halves; default: age has no effect. */
    halfLifeHours: z.coerce.number().positive().max(1e6).optional(),
    limit: z.coerce.number().int().min(1).max(HITS_MAX).default(HITS_DEFAULT),
    /** Whether near-duplicates of better hits are hits, too. Default false. */
    all: flag.default(false),
    /** Hits with a lower score are left out, 0 to 1. Default: as the process is set (SEARCH_SCORE_MIN). */
    scoreMin: z.coerce.number().min(0).max(1).optional(),
    /** The smoothing constant of `rrf`: the larger it is, the less the first places stand out. Default: SEARCH_RRF_K. */
    rrfK: z.coerce.number().positive().max(RRF_K_MAX).optional(),
    /** Whether the best hits are re-ranked. Default: true where the process has a re-ranker (RERANK_MODEL). */
    rerank: flag.default(true),
    /** Whether the answer tells what lifted and what lowered each hit. Default false. */
    explain: flag.default(false),
  })
  .refine(({ fusion, denseWeight }) => fusion !== 'auto' || denseWeight === undefined, {
    path: ['denseWeight'],
    message: 'has no meaning with the fusion auto, which weighs by itself; use weights or rrf',
  })
  .refine(({ fusion, rrfK }) => fusion === 'rrf' || rrfK === undefined, {
    path: ['rrfK'],
    message: 'has a meaning with the fusion rrf only',
  })
export type SearchRequest = z.input<typeof searchRequestSchema>
/** A search request with its defaults. */
export type CheckedRequest = z.output<typeof searchRequestSchema>

/** @throws ColloquyError `bad_query` with the name of the field */
export function checkedRequest(request: unknown): CheckedRequest {
  const checked = searchRequestSchema.safeParse(request, IN_WORDS)
  if (checked.success) return checked.data
  throw new ColloquyError('bad_query', zodProblem(checked.error, ''))
}
