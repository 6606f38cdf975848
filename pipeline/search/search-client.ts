import { z } from 'zod'
import { ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { explanationSchema, hitExplanationSchema, rerankedSchema } from './explanation.ts'
import type { Search, SearchAnswer } from './search-answer.ts'
import { checkedRequest, type SearchRequest } from './search-request.ts'
import { SEARCH_AREAS } from './vector-store.ts'

export type { Search, SearchAnswer, SearchHit } from './search-answer.ts'
export type { SearchRequest } from './search-request.ts'

export interface SearchClientOptions {
  /** Base URL of the HTTP interface, such as `http://127.0.0.1:8080`. */
  readonly url: string
  /** The value of COLLOQUY_HTTP_TOKEN, if the server requires one. */
  readonly token?: string | undefined
  /** Timeout of one query; default 10,000. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000

const hitSchema = z.looseObject({
  id: z.string(),
  source: z.string(),
  score: z.number(),
  fused: z.number().optional(),
  text: z.string(),
  in: z.enum(SEARCH_AREAS),
  kind: z.string(),
  actor: z.string(),
  chunk: z.number(),
  lang: z.string().nullable(),
  at: z.string(),
  seq: z.number(),
  dense: z.number().nullable(),
  keyword: z.number().nullable(),
  highlights: z.array(z.tuple([z.number(), z.number()])),
  explain: hitExplanationSchema.optional(),
})

/** A search answer that arrived over HTTP or NATS. */
export const answerSchema = z.object({
  hits: z.array(hitSchema),
  /** Absent in an answer of an earlier version. */
  duplicates: z.int().nonnegative().default(0),
  model: z.enum(['lexical', 'semantic']),
  belowMin: z.int().nonnegative().optional(),
  reranked: rerankedSchema.optional(),
  explanation: explanationSchema.optional(),
})

const problemSchema = z.object({ code: z.string(), detail: z.string() })

/**
 * Creates a search over the messages and learned documents of a running Colloquy, through its HTTP interface.
 *
 *     const search = createSearchClient({ url: 'http://127.0.0.1:8080' })
 *     const { hits } = await search({ tenant: 'acme', q: 'where is my order', in: 'messages' })
 *
 * The search throws ColloquyError with the code `search_unreachable`, or with the code of the problem in the answer, such as `bad_query`.
 */
export function createSearchClient({ url, token, timeoutMs = TIMEOUT_MS }: SearchClientOptions): Search {
  return async (request: SearchRequest): Promise<SearchAnswer> => {
    // The server refuses a long URL before it reads the question.
    checkedRequest(request)
    const target = new URL('/v1/search', url)
    for (const [name, value] of Object.entries(request)) {
      const values: readonly unknown[] = Array.isArray(value) ? value : [value]
      for (const one of values) {
        if (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean') target.searchParams.append(name, String(one))
      }
    }
    const [status, text] = await fetchText(target, token, timeoutMs)
    const answer = answerSchema.safeParse(parseJson(text))
    if (answer.success) return answer.data
    const problem = problemSchema.safeParse(parseJson(text))
    if (problem.success) throw new ForeignCodeError(problem.data.code, problem.data.detail)
    throw new ColloquyError('search_unreachable', `the server at ${url} is not Colloquy (status ${status}); check the address`)
  }
}

async function fetchText(target: URL, token: string | undefined, timeoutMs: number): Promise<[number, string]> {
  try {
    const response = await fetch(target, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    })
    return [response.status, await response.text()]
  } catch (cause) {
    throw new ColloquyError(
      'search_unreachable',
      `no HTTP interface of Colloquy answers at ${target.origin} (${messageOf(cause)}); ` + 'start a process with the role serve',
      { cause },
    )
  }
}
